namespace NativeBuffers;

/// <summary>How memory was used wrongly: see <see cref="NativeMemoryViolation"/>.</summary>
public enum NativeMemoryViolationKind
{
    /// <summary>Bytes behind the end of a block were written, or read.</summary>
    Overflow,

    /// <summary>Bytes before the start of a block were written, or read.</summary>
    Underflow,

    /// <summary>A block was written to after it was given back.</summary>
    WriteAfterFree,

    /// <summary>A block was read after it was given back.</summary>
    ReadAfterFree,

    /// <summary>A block was given back a second time.</summary>
    DoubleFree,

    /// <summary>A block was given to an allocator that it did not come from.</summary>
    WrongAllocator,

    /// <summary>What the guard wrote in front of a block makes no sense any more, or never was there.</summary>
    CorruptedHeader,

    /// <summary>A block was given back or resized with another size than it has.</summary>
    WrongSize,

    /// <summary>An allocator returned a block that overlaps one which it returned before and has not got back.</summary>
    Overlap,
}
