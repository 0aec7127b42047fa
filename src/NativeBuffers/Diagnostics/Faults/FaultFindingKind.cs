namespace NativeBuffers;

/// <summary>What <see cref="FaultInjection"/> can find.</summary>
public enum FaultFindingKind
{
    /// <summary>A block was allocated during a run, and not given back when it ended.</summary>
    Leak,

    /// <summary>An <see cref="OutOfMemoryException"/> was thrown because of the failure, and the body went on as if nothing had happened.</summary>
    Swallowed,

    /// <summary>Something else than an <see cref="OutOfMemoryException"/> came out of the body.</summary>
    WrongException,

    /// <summary>A run did not ask for the same blocks as the first one: what it was to show, it cannot show.</summary>
    Differs,

    /// <summary>The body allocates nothing, so nothing was tried.</summary>
    NoAllocation,
}
