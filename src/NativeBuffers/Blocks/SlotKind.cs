namespace NativeBuffers.Blocks;

/// <summary>The origin of a slot's block, which frees it.</summary>
internal enum SlotKind : byte
{
    /// <summary>The caches: a block of a size class.</summary>
    Cached,

    /// <summary>A block above the largest size class, of the default allocator.</summary>
    Large,

    /// <summary>A block of an allocator that the user chose.</summary>
    Foreign,
}
