using NativeBuffers.Allocation;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Where the default allocator's blocks above the largest size class come from: by size alone, so that the free matches.</summary>
/// <remarks>
/// The C library up to 32 MiB, and whole pages of the system from there on, where the C library would map pages, too. Unlike
/// there, new pages are known to be zero: growing a block by doubling from 1 MiB to 1 GiB touches none of them.
/// </remarks>
internal static class LargeBlocks
{
    /// <summary>The smallest block of whole pages, in bytes. The C library never keeps freed blocks of this size for reuse.</summary>
    public const uint SmallestOfPages = 32 * 1024 * 1024;

    /// <summary>The allocator of blocks of a size above the largest class, and of over-aligned ones of any size.</summary>
    public static NativeAllocator For(nuint byteCount) =>
        byteCount < SmallestOfPages ? MallocAllocator.Instance : PagesAllocator.Instance;
}
