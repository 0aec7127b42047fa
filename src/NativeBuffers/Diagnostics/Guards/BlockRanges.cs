using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The address ranges of all blocks that a guard has from one allocator, to find two blocks that overlap.</summary>
/// <remarks>
/// For a user's own allocators and C functions. Only blocks of one allocator are compared, because another allocator may divide a block
/// of the first one. A block counts until the guard gives it back to the allocator, so also while it is in the quarantine.
/// </remarks>
internal sealed class BlockRanges
{
    private readonly UninterruptedLock _lock = new();
    private readonly SortedSet<(nuint Start, nuint ByteCount)> _ranges = [];

    /// <summary>An empty set for an allocator; null if the library's own functions allocate.</summary>
    public static BlockRanges? For(NativeAllocator allocator) =>
        allocator.Source.IsCustom && !allocator.Layers.Has(AllocatorLayers.Pool) ? new BlockRanges() : null;

    /// <summary>Adds a block. If it overlaps another block, returns that block's range and adds nothing.</summary>
    public (nuint Start, nuint ByteCount)? Add(nuint start, nuint byteCount)
    {
        using UninterruptedLock.Scope scope = _lock.Enter();
        // The last block that starts before the new block's end: no earlier block reaches further.
        (nuint Start, nuint ByteCount) last = _ranges.GetViewBetween((0, 0), (start + byteCount - 1, nuint.MaxValue)).Max;
        if (last.Start + last.ByteCount > start)
        {
            return last;
        }

        _ = _ranges.Add((start, byteCount));
        return null;
    }

    /// <summary>Removes a block before the allocator gets it back.</summary>
    public void Remove(nuint start, nuint byteCount)
    {
        using UninterruptedLock.Scope scope = _lock.Enter();
        _ = _ranges.Remove((start, byteCount));
    }
}
