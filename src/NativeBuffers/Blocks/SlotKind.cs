using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Blocks;

/// <summary>Who frees the block of a slot.</summary>
internal enum SlotKind : byte
{
    /// <summary>The caches: a block of a size class from <see cref="BlockSource"/>.</summary>
    Cached,

    /// <summary>A block above the largest class, straight from <see cref="BlockSource"/>.</summary>
    Large,

    /// <summary>A block of the allocator that the user chose.</summary>
    Foreign,
}
