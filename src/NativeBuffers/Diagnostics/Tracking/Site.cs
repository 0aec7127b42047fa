namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>A place in the program.</summary>
/// <param name="FilePath">Empty if unknown.</param>
/// <param name="Line">From 1; 0 if unknown.</param>
/// <param name="Method">What to call it where the line is not known; may be empty.</param>
internal readonly record struct Site(string FilePath, int Line, string Method)
{
    /// <summary>No place.</summary>
    public static Site Unknown { get; } = new(string.Empty, 0, string.Empty);

    /// <summary>Its name, with no more of the path than the last part.</summary>
    public string ShortName => NameWith(Path.GetFileName(FilePath));

    /// <summary>Its name, with the whole path.</summary>
    public string FullName => NameWith(FilePath);

    private string NameWith(string file) =>
        file.Length > 0 ? $"{file}:{Line}" : Method.Length > 0 ? Method : "(unknown)";
}
