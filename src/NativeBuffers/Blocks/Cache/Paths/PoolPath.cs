using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of every request to a pool's own heap. <see cref="PoolFreePath"/> is the way back.</summary>
/// <remarks>
/// The fast path takes the latest slot of this thread's bin for the heap, or one of its loaded magazine. It costs a few nanoseconds more than
/// the hot block of the default allocator, and leaves no block that a visitor cannot take. Instrumented processes and flows use none of these slots: there
/// the pool is an allocator like any other, and takes bare blocks here.
/// </remarks>
internal static class PoolPath
{
    /// <summary>Takes a slot with a block that this thread has kept; null if the thread must look further.</summary>
    /// <param name="bins">This thread's <see cref="ThreadCache.Mine"/>.</param>
    /// <param name="heap">The heap.</param>
    /// <param name="byteCount">In bytes; any number.</param>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TryTakeHere(Bin* bins, PoolHeap heap, ulong byteCount)
    {
        ulong last = byteCount - 1;
        HeapBins* set = last < SizeClasses.Largest ? ThreadCache.BinsOf(bins, heap.Number, heap.Id) : null;
        return set == null ? null : HeapBin.TryTake(HeapBins.At(set, SizeClasses.OfLast((uint)last)));
    }

    /// <summary>Takes a slot with a block, kept or fresh; null if memory is exhausted, or if the heap has ended.</summary>
    /// <inheritdoc cref="TryTakeHere" path="/safety"/>
    public static unsafe Slot* TryTake(PoolHeap heap, nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        HeapBins* set = cache == null ? null : heap.BinsFor(cache);
        if (set == null)
        {
            return null;
        }

        Slot* slot = TryTakeKept(heap, set, byteCount, out Bin* home);
        return slot != null ? slot : TakeFresh(heap, cache, home, byteCount);
    }

    /// <summary>Takes a block without a slot; null if the heap keeps none of this size.</summary>
    /// <safety>The block has the size of its class, and belongs to the caller.</safety>
    public static unsafe void* TryTakeBare(PoolHeap heap, nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        HeapBins* set = heap.BinsFor(cache);
        Slot* slot = set != null ? TryTakeKept(heap, set, byteCount, out _) : TakeStored(heap, byteCount, &cache->Closed);
        if (slot == null)
        {
            return null;
        }

        void* block = slot->Start;
        cache->SlotsHeld++;
        FreePath.ReturnVacant(slot);
        heap.RemoveSlots(1);
        return block;
    }

    /// <summary>Keeps a block that has no slot; false if the caller must free it.</summary>
    /// <safety>The block is the caller's to give up if this is true. It has the size of its class.</safety>
    public static unsafe bool TryGiveBare(PoolHeap heap, void* block, int sizeClass)
    {
        ThreadCache* cache = heap.IsClosed ? null : ThreadCache.Current();
        if (cache == null || heap.DepotFor(sizeClass) is null)
        {
            return false;
        }

        HeapBins* set = heap.BinsFor(cache);
        Bin* home = set != null ? Opened(heap, set, sizeClass) : &cache->Closed;
        Slot* slot = TakeVacant(heap, cache, home);
        if (slot == null)
        {
            return false;
        }

        slot->Kind = SlotKind.Pooled;
        slot->ByteCount = SizeClasses.SizeOf(sizeClass);
        slot->Start = (byte*)block;
        if ((set == null || !PoolFreePath.TryGive(home, slot)) && !heap.TryKeep(slot))
        {
            slot->Home = home;
            PoolFreePath.Vacate(heap, slot);
            return false;
        }

        heap.Settle();
        return true;
    }

    /// <summary>The bin of a size class, opened if the heap has room for it.</summary>
    /// <safety>The set is this thread's.</safety>
    private static unsafe Bin* Opened(PoolHeap heap, HeapBins* set, int sizeClass)
    {
        if (sizeClass >= SizeClasses.Count)
        {
            return &set->Closed.Bin;
        }

        HeapBin* bin = HeapBins.Make(set, sizeClass);
        if (!bin->Bin.HasRoom && bin != &set->Closed)
        {
            heap.Open(bin);
        }

        return &bin->Bin;
    }

    /// <param name="heap">The heap.</param>
    /// <param name="set">This thread's bins.</param>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="home">The home for a fresh block if none is kept.</param>
    /// <inheritdoc cref="TryTakeHere" path="/safety"/>
    private static unsafe Slot* TryTakeKept(PoolHeap heap, HeapBins* set, nuint byteCount, out Bin* home)
    {
        home = &set->Closed.Bin;
        if (byteCount > PoolHeap.Largest)
        {
            return null;
        }

        int sizeClass = SizeClasses.Of(byteCount);
        Bin* bin = Opened(heap, set, sizeClass);
        Slot* slot = null;
        if (bin != home)
        {
            slot = HeapBin.TryTake((HeapBin*)bin);
            if (slot == null && bin->TrySwap(wanted: true))
            {
                slot = Bin.TryTake(bin);
            }

            slot = slot != null ? slot : TakeRemotelyFreed(heap, (HeapBin*)bin);
            if (slot == null && bin->HasRoom)
            {
                home = bin;
                slot = TakeMagazine(heap, bin);
            }
        }

        return slot != null ? slot : TakeStored(heap, byteCount, home);
    }

    /// <summary>A slot of a magazine that comes from the depot; null if there is none.</summary>
    /// <inheritdoc cref="TryTakeHere" path="/safety"/>
    private static unsafe Slot* TakeMagazine(PoolHeap heap, Bin* bin)
    {
        Depot? depot = heap.DepotFor(bin->SizeClass);
        Magazine* magazine = depot is null ? null : depot.TryTake();
        if (magazine == null)
        {
            return null;
        }

        depot!.Give(bin->Push(magazine));
        heap.Settle();
        return Bin.TryTake(bin);
    }

    /// <summary>A slot that lies in the depot; null if there is none.</summary>
    /// <inheritdoc cref="TryTakeHere" path="/safety"/>
    private static unsafe Slot* TakeStored(PoolHeap heap, nuint byteCount, Bin* home)
    {
        Depot? depot = heap.DepotFor(SizeClasses.Of(byteCount));
        Slot* slot = depot is null ? null : depot.TryTakeOne();
        if (slot != null)
        {
            slot->Home = home;
        }

        return slot;
    }

    /// <summary>Takes one slot that another thread freed, and moves the rest into the bins of this thread. Null if there is none.</summary>
    /// <inheritdoc cref="TryTakeHere" path="/safety"/>
    private static unsafe Slot* TakeRemotelyFreed(PoolHeap heap, HeapBin* bin)
    {
        Slot* taken = null;
        RemoteBatch* batch = RemoteFrees.TakeAll(&bin->Frees);
        while (batch != null)
        {
            RemotePath.TakeBack(batch, &bin->Bin, &bin->Bin, ref taken);
            heap.Dequeue(batch);
            batch = Outbox.GiveBack(batch);
        }

        return taken;
    }

    /// <inheritdoc cref="TryTakeHere" path="/safety"/>
    private static unsafe Slot* TakeFresh(PoolHeap heap, ThreadCache* cache, Bin* home, nuint byteCount)
    {
        bool isKept = byteCount <= PoolHeap.Largest;
        int sizeClass = isKept ? SizeClasses.Of(byteCount) : 0;

        // The depot comes first: when the block comes back, nothing may fail.
        Slot* slot = isKept && heap.DepotFor(sizeClass) is null ? null : TakeVacant(heap, cache, home);
        if (slot == null)
        {
            return null;
        }

        // The program's own allocator may throw: the slot must not be lost then.
        try
        {
            slot->Kind = SlotKind.Pooled;
            slot->ByteCount = isKept ? SizeClasses.SizeOf(sizeClass) : byteCount;
            slot->Start = (byte*)heap.Allocator.Inner.Obtain(slot->ByteCount, Layout.DefaultAlignment, zeroed: false);
        }
        finally
        {
            if (slot->Start == null)
            {
                PoolFreePath.Vacate(heap, slot);
            }
        }

        return slot->Start == null ? null : slot;
    }

    /// <summary>A slot without a block, counted by the heap; null if memory is exhausted, or if the heap has ended.</summary>
    /// <safety>The slot belongs to the caller, which gives it a block or gives it back.</safety>
    private static unsafe Slot* TakeVacant(PoolHeap heap, ThreadCache* cache, Bin* home)
    {
        if (!heap.TryAddSlot())
        {
            return null;
        }

        Slot* slot = AllocatePath.TakeVacant(cache, home);
        if (slot == null)
        {
            heap.RemoveSlots(1);
            return null;
        }

        cache->SlotsHeld--;
        return slot;
    }
}
