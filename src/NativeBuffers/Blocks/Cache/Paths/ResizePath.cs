using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of every resize: in place, by the block's allocator, or into a block of another kind. The slot stays the same.</summary>
internal static class ResizePath
{
    /// <summary>Makes room for another number of bytes. Contents are kept; the block may move.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="oldBytes">The number of bytes to keep, if there is room for them.</param>
    /// <param name="newBytes">The number of bytes that must have room.</param>
    /// <param name="zeroed">Whether the bytes after the old ones must be zero.</param>
    /// <param name="trims">Whether to leave a cached block for a smaller one that is large enough.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged.</exception>
    /// <safety>The slot is exclusively the caller's, and its block has the old bytes. It may have another home afterwards.</safety>
    public static unsafe void Resize(Slot* slot, nuint oldBytes, nuint newBytes, bool zeroed = true, bool trims = false)
    {
        if (KeepsBlock(slot, newBytes, trims))
        {
            if (zeroed)
            {
                new Block(slot->Start, newBytes).ClearFrom(oldBytes);
            }
        }
        else if (CanResizeBlock(slot, newBytes))
        {
            nuint hadBytes = slot->ByteCount;
            ResizeBlock(slot, newBytes, zeroed);
            if (zeroed)
            {
                // The allocator has cleared the bytes after the whole old block. Its unused end is cleared here.
                new Block(slot->Start, nuint.Min(hadBytes, newBytes)).ClearFrom(oldBytes);
            }
        }
        else
        {
            Exchange(slot, oldBytes, newBytes, zeroed);
        }
    }

    /// <summary>Whether the block stays as large as it is.</summary>
    /// <remarks>A block of a pool stays only within its size class: after a release, the size alone tells the class.</remarks>
    /// <safety>The slot belongs to the caller, and has a block.</safety>
    private static unsafe bool KeepsBlock(Slot* slot, nuint byteCount, bool trims) => slot->Kind switch
    {
        SlotKind.Cached => byteCount <= slot->ByteCount && !(trims && IsOversized(slot, byteCount)),
        SlotKind.Large => byteCount > SizeClasses.Largest && LargeSizes.RoundUp(byteCount) == slot->ByteCount,
        SlotKind.Pooled => IsKept(byteCount) && IsKept(slot->ByteCount) && SizeClasses.Of(byteCount) == SizeClasses.Of(slot->ByteCount),
        _ => false,
    };

    /// <safety>The slot belongs to the caller, and its block has a size class.</safety>
    private static unsafe bool IsOversized(Slot* slot, nuint byteCount) => SizeClasses.Of(byteCount) < SizeClasses.Of(slot->ByteCount);

    /// <summary>Whether the block's allocator can resize it: blocks of the new size must be the same allocator's.</summary>
    /// <safety>The slot belongs to the caller, and has a block.</safety>
    private static unsafe bool CanResizeBlock(Slot* slot, nuint byteCount) => slot->Kind switch
    {
        SlotKind.Large => byteCount > SizeClasses.Largest,
        SlotKind.Foreign or SlotKind.Charged => true,
        SlotKind.Pooled => !IsKept(byteCount) && !IsKept(slot->ByteCount),
        _ => false,
    };

    private static bool IsKept(nuint byteCount) => byteCount <= PoolHeap.Largest;

    /// <inheritdoc cref="Resize" path="/exception|/safety"/>
    private static unsafe void ResizeBlock(Slot* slot, nuint byteCount, bool zeroed)
    {
        bool isLarge = slot->Kind == SlotKind.Large;
        void* resized = isLarge ? PageSource.TryResize(slot->Start, slot->ByteCount, byteCount)
            : slot->Kind == SlotKind.Charged ? ChargedPath.TryResize(slot, byteCount, zeroed)
            : Uncached.TryResize(slot, byteCount, zeroed);
        if (resized == null)
        {
            throw (isLarge ? NativeAllocator.Default : Uncached.AllocatorOf(slot)).RefusalOf(byteCount);
        }

        slot->Start = (byte*)resized;
        slot->ByteCount = isLarge ? LargeSizes.RoundUp(byteCount) : byteCount;
    }

    /// <summary>Exchanges the block with that of a second slot: from one size class to another, or between cached and large blocks.</summary>
    /// <inheritdoc cref="Resize" path="/exception|/safety"/>
    private static unsafe void Exchange(Slot* slot, nuint oldBytes, nuint newBytes, bool zeroed)
    {
        // Large blocks come from sources where zeroes cost nothing. Cached blocks are cleared after the copied bytes.
        PoolHeap? heap = slot->Kind == SlotKind.Pooled ? PoolHeaps.Of(slot) : null;
        bool comesZeroed = zeroed && newBytes > SizeClasses.Largest && heap is null;
        Slot* other = heap is null ? AllocatePath.TryTakePlain(newBytes, comesZeroed) : PoolPath.TryTake(heap, newBytes);
        if (other == null)
        {
            throw (heap?.Allocator ?? NativeAllocator.Default).RefusalOf(newBytes);
        }

        var target = new Block(other->Start, newBytes);
        new Block(slot->Start, oldBytes).CopyTo(target);
        if (zeroed && !comesZeroed)
        {
            target.ClearFrom(oldBytes);
        }

        ThreadCache* cache = ThreadCache.Of(other->Home);
        cache->Counts.Settle(slot);
        cache->Counts.Settle(other);

        // The blocks change places, with all that belongs to them. In the meantime, the second slot must not look free.
        other->Generation = other->Generation.With(SlotState.Closing);
        byte* start = slot->Start;
        slot->Start = other->Start;
        other->Start = start;
        (slot->ByteCount, other->ByteCount) = (other->ByteCount, slot->ByteCount);
        (slot->Kind, other->Kind) = (other->Kind, slot->Kind);
        Bin* home = slot->Home;
        slot->Home = other->Home;
        other->Home = home;
        FreePath.ReturnClosed(other, other->Generation, home);
    }
}
