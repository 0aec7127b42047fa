namespace NativeBuffers.Analyzers.Flow;

/// <summary>The mistakes that the analysis finds; each is a rule's.</summary>
internal enum Mistake
{
    /// <summary>NB0001.</summary>
    NotDisposed,

    /// <summary>NB0002.</summary>
    UsedAfterEnd,

    /// <summary>NB0003.</summary>
    DisposedTwice,

    /// <summary>NB0004.</summary>
    EndedView,

    /// <summary>NB0005.</summary>
    Copied,

    /// <summary>NB0006.</summary>
    UsedAfterReturn,

    /// <summary>NB0009.</summary>
    NotKeptAlive,
}
