namespace NativeBuffers.Analyzers.Flow;

/// <summary>Whether a path ends at a call.</summary>
internal enum PathEnd
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>The call throws.</summary>
    Throws,

    /// <summary>An assertion says that the path cannot be.</summary>
    Impossible,
}
