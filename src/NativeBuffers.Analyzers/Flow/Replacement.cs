namespace NativeBuffers.Analyzers.Flow;

/// <summary>The kinds of values that a method puts into a variable, or returns.</summary>
internal enum Replacement
{
    /// <summary>The same object as before.</summary>
    None,

    /// <summary>Null, or an empty owner.</summary>
    Empty,

    /// <summary>A new object, which the caller must dispose.</summary>
    Created,

    /// <summary>Something else.</summary>
    Unknown,
}
