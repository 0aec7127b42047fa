namespace NativeBuffers;

/// <summary>The kinds of faults that <see cref="FaultInjection"/> finds.</summary>
public enum FaultFindingKind
{
    /// <summary>A block was allocated during a run, and not freed when the run ended.</summary>
    Leak,

    /// <summary>An <see cref="OutOfMemoryException"/> was thrown because of the failure, and the body went on as if nothing had happened.</summary>
    Swallowed,

    /// <summary>The body threw another exception than an <see cref="OutOfMemoryException"/>.</summary>
    WrongException,

    /// <summary>A run did not request the same blocks as the first one, so it proves nothing.</summary>
    Differs,

    /// <summary>The body allocates nothing, so nothing was tried.</summary>
    NoAllocation,
}
