namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The folder and the names of reports: <c>nativebuffers-PID-STARTTIME-RANDOM.guard</c>.</summary>
/// <remarks>
/// A process number alone identifies no process: each container counts from 1, and a restarted container writes to the same folder. So no
/// two processes use the same name, and a process changes no file but its own.
/// </remarks>
internal static class GuardReportName
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string FolderVariable = "NATIVEBUFFERS_GUARD_REPORT";

    private const string Prefix = "nativebuffers-";
    private const string Suffix = ".guard";

    /// <summary>The folder that the environment names, or the one for temporary files. It may not exist. Throws nothing.</summary>
    public static string Folder
    {
        get
        {
            try
            {
                string folder = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named : Path.GetTempPath();
                try
                {
                    return Path.GetFullPath(folder);
                }
                catch (Exception)
                {
                    // The path is relative and the current folder was deleted, or it is not a valid path.
                    return folder;
                }
            }
            catch (Exception)
            {
                // There is no folder for temporary files.
                return ".";
            }
        }
    }

    /// <summary>A name that no other process has, now or later.</summary>
    public static string Next() => string.Create(
        CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{DateTime.UtcNow:yyyyMMdd'T'HHmmssfff}-{Random.Shared.NextInt64():x16}{Suffix}");

    /// <summary>The reports in a folder, the newest first.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static string[] Find(string folder, int? processId)
    {
        string pattern = processId is { } id ? string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id}-*{Suffix}") : $"{Prefix}*{Suffix}";
        string[] paths = Directory.GetFiles(folder, pattern);
        Array.Sort(paths, static (left, right) => StringComparer.Ordinal.Compare(StartOf(right), StartOf(left)));
        return paths;
    }

    /// <summary>The part of a name after the process number. It sorts names by the start of their processes.</summary>
    private static string StartOf(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
        return name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];
    }
}
