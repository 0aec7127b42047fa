using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of every block that is given back to a pool's own heap, by its thread or by another thread.</summary>
/// <remarks>The fast path gives to the slot's home, where a visitor may take the block.</remarks>
internal static class PoolFreePath
{
    /// <summary>
    /// Gives a rented slot back without an atomic operation, if its home is a bin of this thread. False in all other cases, and then nothing
    /// has changed: see <see cref="ThreadCache.IsOfHeap"/>.
    /// </summary>
    /// <safety>Slots are never unmapped. The slot was the caller's in this generation, in the state open, perhaps long ago.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryReturn(Bin* bins, Slot* slot, Generation opened, Bin* home)
    {
        if (!ThreadCache.IsOfHeap(bins, home))
        {
            return false;
        }

        int floor = home->Gate.Begin();
        if (((Volatile.Read(ref slot->Generation.Value) ^ opened.Value) | ((ulong)slot->Home ^ (ulong)home)) != 0)
        {
            home->Gate.Leave();
            return false;
        }

        slot->Generation.Value = opened.Value + Generation.FromOpenToNext;
        if (HeapBin.TryGiveInside((HeapBin*)home, slot, floor))
        {
            home->Gate.Leave();
            return true;
        }

        home->Gate.Leave();
        ReturnSlow(home, slot);
        return true;
    }

    /// <summary>Gives a slot back whose home has no room in the loaded magazine.</summary>
    /// <safety>The slot belongs to the caller. Its home is this one, a <see cref="HeapBin"/> of this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void ReturnSlow(Bin* home, Slot* slot)
    {
        PoolHeap heap = PoolHeaps.Of(slot);
        if (home->SizeClass != HeapBin.NoClass && !home->HasRoom)
        {
            heap.Open((HeapBin*)home);
        }

        if (home->HasRoom && TryGive(home, slot))
        {
            return;
        }

        if (home->HasRoom && heap.DepotFor(home->SizeClass) is { } depot && depot.TryTakeEmpty() is var empty && empty != null)
        {
            // Both magazines are full: the older one goes to the depot.
            depot.Give(home->Push(empty));
            bool given = Bin.TryGive(home, slot);
            heap.Settle();
            if (given)
            {
                return;
            }
        }

        if (heap.TryKeep(slot))
        {
            heap.Settle();
            return;
        }

        var block = new Block(slot->Start, slot->ByteCount);
        slot->Home = home;
        Vacate(heap, slot);
        heap.FreeBlock(block);
    }

    /// <summary>Gives a closing slot back on a thread that its home does not belong to.</summary>
    /// <safety>The caller has closed the slot, the block has no user, and the home is a <see cref="HeapBin"/>.</safety>
    public static unsafe void ReturnRemotely(Slot* slot, Generation closing, Bin* home)
    {
        if (home->SizeClass == HeapBin.NoClass)
        {
            // No thread gives such a slot back with plain stores, so it is this thread's now.
            PoolHeap own = PoolHeaps.Of(slot);
            LeavePath.LeaveHome(slot);
            own.Keep(slot);
            return;
        }

        if (!slot->TryMove(closing, closing.With(SlotState.RemotelyFreed)))
        {
            return;
        }

        // The home's thread may be giving the slot back at the same time. Then the slot has no home and perhaps no heap by now, and the bin
        // perhaps serves another heap. So nothing here is read from the slot, and the batch has the identity of the heap that it is counted in.
        var bin = (HeapBin*)home;
        if (PoolHeaps.Of(bin->Set) is { } heap)
        {
            List(heap, bin, slot);
        }
    }

    /// <summary>Sends a batch to its home, or takes its slots away if the heap has closed.</summary>
    /// <safety>The caller gives up the batch, which has slots of a heap. Bins are never unmapped.</safety>
    public static unsafe void Send(RemoteBatch* batch)
    {
        // A heap that has ended by now has no slot left: each slot of the batch was given back by its home's thread, too.
        var bin = (HeapBin*)batch->Home;
        if (PoolHeaps.Of(bin->Set) is { } heap && heap.Id == batch->HeapId && heap.TryAddSlot())
        {
            if (RemoteFrees.Push(&bin->Frees, batch) >= Outbox.MostRemote(bin->Bin.SizeClass) || heap.IsClosed)
            {
                Drain(heap, bin);
            }

            heap.RemoveSlots(1);
        }
        else
        {
            foreach (nint slot in new ReadOnlySpan<nint>(RemoteBatch.Slots(batch), batch->Count))
            {
                LeavePath.TakeAway((Slot*)slot);
            }

            _ = Outbox.GiveBack(batch);
        }
    }

    /// <summary>Counts the slot out of the heap, and gives it to this thread without its block.</summary>
    /// <safety>The slot belongs to the caller, and its home to this thread. The block belongs to the caller now.</safety>
    public static unsafe void Vacate(PoolHeap heap, Slot* slot)
    {
        // Slots of pools are not counted among those of their threads.
        ThreadCache.Of(slot->Home)->SlotsHeld++;
        FreePath.ReturnVacant(slot);
        heap.RemoveSlots(1);
    }

    /// <summary>Gives a slot to either magazine of a bin of this thread.</summary>
    /// <safety>The bin is this thread's. The slot is the caller's to give up if this is true.</safety>
    public static unsafe bool TryGive(Bin* home, Slot* slot) =>
        Bin.TryGive(home, slot) || (home->TrySwap(wanted: false) && Bin.TryGive(home, slot));

    /// <summary>Lists a slot for its bin, or takes it from its home if the heap may not keep it.</summary>
    /// <safety>Slots and bins are never unmapped. The caller has moved the slot on to <see cref="SlotState.RemotelyFreed"/>.</safety>
    private static unsafe void List(PoolHeap heap, HeapBin* bin, Slot* slot)
    {
        int sizeClass = bin->Bin.SizeClass;
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null || !heap.TryQueue((long)SizeClasses.SizeOf(sizeClass)))
        {
            LeavePath.TakeAway(slot);
            return;
        }

        RemotePath.Add(&cache->Outbox, slot, &bin->Bin, sizeClass, heap.Id);
        if (heap.IsClosed)
        {
            // The thread that closes the heap may have emptied this outbox just before.
            RemotePath.FlushOutboxes();
        }
    }

    /// <safety>Bins are never unmapped.</safety>
    private static unsafe void Drain(PoolHeap heap, HeapBin* bin)
    {
        Slot* taken = null;
        HeapVisit.TakeRemoteFrees(heap, bin, ref taken);
        heap.KeepAll(taken);
    }
}
