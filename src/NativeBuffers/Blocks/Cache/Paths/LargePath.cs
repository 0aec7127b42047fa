using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of blocks above the largest size class: from the thread's bin, the store of all threads, or fresh pages.</summary>
/// <remarks>
/// All these blocks are mappings of their own. So a block grows by moving pages, fresh bytes are known to be zero, and a freed block goes
/// back to the system at once. Slot, cleaner and block stay together while a block is kept.
/// </remarks>
internal static class LargePath
{
    /// <summary>From this size on, a zeroed request exchanges the pages of a kept block for fresh ones instead of clearing them.</summary>
    /// <remarks>glibc keeps no blocks from this size on, so its <c>calloc</c> gives fresh pages, too. To clear them takes milliseconds.</remarks>
    private const uint SmallestExchanged = 32 * 1024 * 1024;

    /// <summary>Takes the large block that this thread freed last, or goes on to <see cref="AllocatePath.TakeSlowest"/>.</summary>
    /// <remarks>
    /// A thread that works for an instrumented flow uses a cache without free blocks. So no hook is asked if there is one.
    /// </remarks>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* Take(long length, int elementSize, bool zeroed)
    {
        ThreadCache* cache = ThreadCache.CurrentOrNone;
        if (cache != null)
        {
            // The product does not wrap: a length of more than 32 bits comes with elements of one byte. A negative length gives a size that no block has.
            nuint byteCount = (nuint)(length * elementSize);
            Slot* slot = LargeBin.TryTakeHot(&cache->Large, byteCount);
            if (slot != null)
            {
                slot->Home = &cache->Closed;
                return zeroed ? ZeroedOrThrow(slot, byteCount) : slot;
            }
        }

        return AllocatePath.TakeSlowest(length, elementSize, zeroed);
    }

    /// <summary>A slot with a large block of the default allocator; null if memory is exhausted.</summary>
    /// <param name="byteCount">In bytes: above <see cref="SizeClasses.Largest"/>.</param>
    /// <param name="zeroed">Whether the bytes must be zero.</param>
    /// <param name="alignment">At most the size of a page.</param>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTake(nuint byteCount, bool zeroed, nuint alignment = SizeClasses.Smallest)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        nuint blockBytes = LargeSizes.RoundUp(byteCount);
        Slot* slot = LargeBin.TryTake(&cache->Large, blockBytes);
        if (slot != null && !IsAligned(slot, alignment))
        {
            // A kept block begins at any line of a page. The next request without such an alignment will use it.
            Return(&cache->Closed, slot);
            return TakeFresh(cache, blockBytes, alignment);
        }

        if (slot == null)
        {
            slot = LargeStore.TryTake(blockBytes);
            if (slot != null && !IsAligned(slot, alignment))
            {
                slot->Next = null;
                LargeStore.Give(slot, isReserved: true);
                slot = null;
            }

            if (slot == null)
            {
                return TakeFresh(cache, blockBytes, alignment);
            }

            LargeBin.AddReserved(&cache->Large, (long)blockBytes);
            AllocationCounts.Add(ref cache->Counts.FromDepot[AllocationCounts.Large], 1);
            cache->SlotsHeld++;
        }

        slot->Home = &cache->Closed;
        return zeroed ? Zeroed(slot, byteCount, alignment) : slot;
    }

    /// <summary>Gives a slot back with its block.</summary>
    /// <safety>The slot belongs to the caller, and its home to this thread. Its generation was moved on before.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void Return(Bin* home, Slot* slot)
    {
        // The home is the closed bin, with which its cache begins.
        ThreadCache* cache = (ThreadCache*)home;
        if (!LargeBin.TryGiveHot(&cache->Large, slot))
        {
            ReturnSlow(cache, slot);
        }
    }

    /// <summary>Gives a closing slot back with its block, on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller.</safety>
    public static unsafe void ReturnElsewhere(Slot* slot)
    {
        LeavePath.LeaveHome(slot);
        slot->Next = null;
        LargeStore.Give(slot, isReserved: false);
    }

    /// <summary>Puts a block into a vacant slot, and gives both back; false if there is no vacant slot.</summary>
    /// <safety>The block is the caller's to give up, and came from <see cref="TryTake"/> for this size, on any thread.</safety>
    public static unsafe bool TryAttach(void* block, nuint byteCount)
    {
        Slot* slot = AllocatePath.TryTakeVacant();
        if (slot == null)
        {
            return false;
        }

        slot->Kind = SlotKind.Large;
        slot->ByteCount = LargeSizes.RoundUp(byteCount);
        slot->Start = (byte*)block;
        Return(slot->Home, slot);
        return true;
    }

    /// <summary>Makes room in the thread's bin, or gives the slot to the store.</summary>
    /// <safety>The slot is the caller's, and its home to this cache, which is this thread's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnSlow(ThreadCache* cache, Slot* slot)
    {
        Slot* left = null;
        bool isGiven = slot->ByteCount <= LargeSizes.LargestKept
            && !cache->IsAside
            && CacheLimits.ThreadBytes > 0
            && LargeBin.TryGive(&cache->Large, slot, ref left);
        for (Slot* each = left; each != null; each = each->Next)
        {
            cache->SlotsHeld--;
        }

        LargeStore.Give(left, isReserved: true);
        if (!isGiven)
        {
            cache->SlotsHeld--;
            slot->Home = null;
            slot->Next = null;
            LargeStore.Give(slot, isReserved: false);
        }
    }

    /// <safety>The slot is the caller's, and has a block.</safety>
    private static unsafe bool IsAligned(Slot* slot, nuint alignment) => ((nuint)slot->Start & (alignment - 1)) == 0;

    /// <inheritdoc cref="TryTake"/>
    private static unsafe Slot* TakeFresh(ThreadCache* cache, nuint blockBytes, nuint alignment)
    {
        Slot* slot = AllocatePath.TakeVacant(cache, &cache->Closed);
        if (slot == null)
        {
            return null;
        }

        slot->Kind = SlotKind.Large;
        slot->ByteCount = blockBytes;
        slot->Start = PageSource.TryAllocate(blockBytes, alignment);
        if (slot->Start == null)
        {
            FreePath.ReturnVacant(slot);
            return null;
        }

        AllocationCounts.Add(ref cache->Counts.Fresh[AllocationCounts.Large], 1);
        return slot;
    }

    /// <inheritdoc cref="Take"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* ZeroedOrThrow(Slot* slot, nuint byteCount)
    {
        slot = Zeroed(slot, byteCount);
        return slot != null ? slot : throw NativeAllocator.Default.RefusalOf(byteCount);
    }

    /// <summary>Makes the first bytes of a kept block zero. Null if memory is exhausted; then the slot is vacant.</summary>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    private static unsafe Slot* Zeroed(Slot* slot, nuint byteCount, nuint alignment = SizeClasses.Smallest)
    {
        if (byteCount < SmallestExchanged)
        {
            new Block(slot->Start, byteCount).ClearFrom(0);
            return slot;
        }

        PageSource.FreeBlock(slot->Start, slot->ByteCount);
        slot->Start = PageSource.TryAllocate(slot->ByteCount, alignment);
        if (slot->Start == null)
        {
            FreePath.ReturnVacant(slot);
            return null;
        }

        return slot;
    }
}
