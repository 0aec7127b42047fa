namespace NativeBuffers.Blocks;

/// <summary>The source of a slot's block. The source also frees the block.</summary>
internal enum SlotKind : byte
{
    /// <summary>The caches: a block of a size class.</summary>
    Cached,

    /// <summary>A block above the largest size class, of the default allocator.</summary>
    Large,

    /// <summary>A block of an allocator that the user chose, an instrumented block, or a block that other code has allocated.</summary>
    Foreign,
}
