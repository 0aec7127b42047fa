using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of a cached block that is charged to a budget.</summary>
/// <remarks>
/// A budget over the default allocator needs no handle and no block of its own kind: it counts bytes, and the block comes from the
/// cache of the thread with its slot. While it is charged, its home is the closed bin, so that it comes back out of line. The thread's
/// <see cref="Credit"/> takes the bytes and gets them back. The slot then has its usual kind, size and home again. A block that comes
/// back on another thread, or that was resized beyond the size classes, is freed by the budget itself: see <see cref="Uncached"/>.
/// </remarks>
internal static class ChargedPath
{
    /// <summary>Whether the caches serve a budget's block of this size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsServed(nuint byteCount) => byteCount - 1 < SizeClasses.Largest;

    /// <summary>The block that was freed last, charged to a budget; null if there is none of this size, or too little credit.</summary>
    /// <param name="number">The number of the budget.</param>
    /// <param name="length">In elements.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <param name="zeroed">Whether the elements must be zero.</param>
    /// <inheritdoc cref="AllocatePath.TryTakePlain" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* TakeHot(int number, int length, int elementSize, bool zeroed)
    {
        ulong byteCount = (ulong)(uint)length * (uint)elementSize;
        Slot* slot = ThreadCache.TakeHot(byteCount, out Bin* bin);
        if (slot <= Bin.NoRoom)
        {
            Bin.StayClosed(bin, slot);
            return null;
        }

        ThreadCache* cache = ThreadCache.Of(bin);
        Credit* credit = CreditTable.Find(cache->Credits, number);
        if (credit == null || !Credit.TryTakeUsed(credit, (long)byteCount))
        {
            bin->Hot = slot;
            return null;
        }

        Charge(slot, &cache->Closed, number, (nuint)byteCount);
        if (zeroed)
        {
            CacheLine.Clear(slot->Start, (nuint)byteCount);
        }

        return slot;
    }

    /// <summary>A cached block that is charged to a budget; null if the budget has no room, or memory is exhausted.</summary>
    /// <inheritdoc cref="AllocatePath.TryTakePlain" path="/safety"/>
    public static unsafe Slot* TryTake(NativeMemoryBudget budget, nuint byteCount, bool zeroed)
    {
        int number = budget.ChargedNumber;
        if (!budget.TryCharge((long)byteCount))
        {
            return null;
        }

        // The bytes are charged, so the budget keeps its number until they are given back.
        Slot* slot = null;
        try
        {
            slot = AllocatePath.TryTakeCached(byteCount);
        }
        finally
        {
            budget.Settle((long)byteCount, isUsed: slot != null);
        }

        if (slot != null)
        {
            ThreadCache* cache = ThreadCache.Of(slot->Home);
            cache->Credits = CreditTable.Here;
            Charge(slot, &cache->Closed, number, byteCount);
            if (zeroed)
            {
                CacheLine.Clear(slot->Start, byteCount);
            }
        }

        return slot;
    }

    /// <summary>Gives the bytes of a block back to its budget, and the block to the bin of its size class.</summary>
    /// <inheritdoc cref="FreePath.Return" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void Return(Bin* home, Slot* slot)
    {
        nuint byteCount = slot->ByteCount;
        ThreadCache* cache = ThreadCache.Of(home);
        Credit* credit = CreditTable.Find(cache->Credits, SlotTable.ChargedTo(slot));
        if (!IsServed(byteCount) || credit == null || !Credit.TryGive(credit, (long)byteCount))
        {
            ReturnSlow(home, slot);
            return;
        }

        int sizeClass = (int)SizeClasses.OfLast((uint)byteCount - 1);
        Bin* bin = ThreadCache.BinOf(cache, sizeClass);
        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(sizeClass);
        if (bin->HasRoom)
        {
            slot->Home = bin;
            home = bin;
        }

        FreePath.Return(slot, home);
    }

    /// <summary>Gives the block of a charged slot another size; null if the budget has no room, or memory is exhausted.</summary>
    /// <remarks>A block of no bytes keeps the number of its budget, although the budget may have no bytes in use.</remarks>
    /// <returns>The block at its new place, which the slot does not know yet.</returns>
    /// <safety>The slot belongs to the caller, and is charged.</safety>
    public static unsafe void* TryResize(Slot* slot, nuint byteCount, bool zeroed)
    {
        var budget = (NativeMemoryBudget)Uncached.AllocatorOf(slot);
        budget.NoteEmpty(1);
        void* resized = null;
        try
        {
            resized = Uncached.TryResize(slot, byteCount, zeroed);
            if (resized != null)
            {
                // The earlier allocations are those of the old size class.
                AllocationCounts.SettleElsewhere(slot);
            }
        }
        finally
        {
            bool wasEmpty = slot->ByteCount == 0;
            bool isEmpty = resized == null ? wasEmpty : byteCount == 0;
            budget.NoteEmpty((isEmpty ? 1 : 0) - (wasEmpty ? 1 : 0) - 1);
        }

        return resized;
    }

    /// <summary>Notes that a charged slot loses its block.</summary>
    /// <safety>The slot belongs to the caller, and is charged.</safety>
    public static unsafe void NoteEnd(Slot* slot, NativeMemoryBudget budget)
    {
        if (slot->ByteCount == 0)
        {
            budget.NoteEmpty(-1);
        }
    }

    /// <summary>The same as <see cref="Return"/> where the budget takes the lock of its tree, or the block has no size class.</summary>
    /// <inheritdoc cref="FreePath.Return" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnSlow(Bin* home, Slot* slot)
    {
        if (!IsServed(slot->ByteCount))
        {
            FreePath.ReturnUncached(slot);
            return;
        }

        nuint byteCount = slot->ByteCount;
        NativeMemoryBudget budget = BudgetNumbers.Of(SlotTable.ChargedTo(slot))!;
        ThreadCache* cache = ThreadCache.Of(home);
        Bin* bin = ThreadCache.BinOf(cache, SizeClasses.Of(byteCount));
        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(bin->SizeClass);
        if (bin->HasRoom)
        {
            slot->Home = bin;
            home = bin;
        }

        FreePath.Return(slot, home);
        budget.Refund((long)byteCount);
        cache->Credits = CreditTable.Here;
    }

    /// <safety>Slot and home are this thread's, and the block has a size class.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Charge(Slot* slot, Bin* closed, int number, nuint byteCount)
    {
        slot->Home = closed;
        slot->Kind = SlotKind.Charged;
        slot->ByteCount = byteCount;
        SlotTable.ChargedTo(slot) = number;
    }
}
