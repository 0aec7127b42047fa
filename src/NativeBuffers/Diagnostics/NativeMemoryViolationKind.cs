namespace NativeBuffers;

/// <summary>How memory was used wrongly: see <see cref="NativeMemoryViolation"/>.</summary>
public enum NativeMemoryViolationKind
{
    /// <summary>Bytes past the end of a block were written or read.</summary>
    Overflow,

    /// <summary>Bytes before the start of a block were written or read.</summary>
    Underflow,

    /// <summary>A block was written to after it was freed.</summary>
    WriteAfterFree,

    /// <summary>A block was read after it was freed.</summary>
    ReadAfterFree,

    /// <summary>A block was freed a second time.</summary>
    DoubleFree,

    /// <summary>A block was freed or resized by an allocator that it did not come from.</summary>
    WrongAllocator,

    /// <summary>The guard's header before a block was overwritten.</summary>
    CorruptedHeader,

    /// <summary>A block was freed or resized with a size that is not its own.</summary>
    WrongSize,

    /// <summary>An allocator returned a block that overlaps an earlier block, which it has not got back.</summary>
    Overlap,
}
