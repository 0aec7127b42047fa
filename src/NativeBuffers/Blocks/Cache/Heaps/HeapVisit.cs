using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>A visit of the bins of one heap, in all threads: takes their free blocks while the threads are outside.</summary>
/// <remarks>The blocks are freed after the visit, without the lock: the pool's allocator may be code of the program.</remarks>
internal static class HeapVisit
{
    /// <summary>Visits all bins.</summary>
    /// <param name="heap">The heap. The caller has its lock of visitors.</param>
    /// <param name="sets">The bins of the heap.</param>
    /// <param name="idleOnly">Whether to leave the blocks that were used since the last such visit.</param>
    /// <param name="taken">Gets the taken magazines.</param>
    /// <param name="idle">Gets the slots that were taken alone, linked by <see cref="Slot.Next"/>.</param>
    /// <safety>The taken slots and magazines are the caller's. Sets are never unmapped.</safety>
    public static unsafe void Visit(PoolHeap heap, HeapBins* sets, bool idleOnly, ref Magazine* taken, ref Slot* idle)
    {
        if (sets == null)
        {
            return;
        }

        for (HeapBins* set = sets; set != null; set = set->NextOfHeap)
        {
            for (int i = 0; i < SizeClasses.Count; i++)
            {
                HeapBin* bin = HeapBins.At(set, (uint)i);
                if (bin != &set->Closed)
                {
                    bin->Bin.Gate.Announce();
                }
            }
        }

        Interlocked.MemoryBarrierProcessWide();
        for (HeapBins* set = sets; set != null; set = set->NextOfHeap)
        {
            for (int i = 0; i < SizeClasses.Count; i++)
            {
                // A bin that its thread has made since is not visited.
                HeapBin* bin = HeapBins.At(set, (uint)i);
                if (bin->Bin.Gate.IsAnnounced)
                {
                    bin->Bin.Gate.WaitForOwner();
                    Empty(heap, bin, idleOnly, ref taken, ref idle);
                    bin->Bin.Gate.EndVisit();
                }
            }
        }
    }

    /// <summary>Takes the magazines of a bin, its latest slot, and its room.</summary>
    /// <safety>As for <see cref="Bin.Close"/>. The taken slots and magazines are the caller's.</safety>
    public static unsafe void Close(PoolHeap heap, HeapBin* bin, ref Magazine* taken, ref Slot* slots)
    {
        HeapBin.Close(bin, out Magazine* loaded, out Magazine* previous, ref slots);
        loaded->Next = previous;
        previous->Next = taken;
        taken = loaded;
        heap.ReleaseRoom(bin->Bin.SizeClass);
    }

    /// <summary>Takes the remote frees of all bins of a heap. Not inside its lock: the allocator of another heap is perhaps called.</summary>
    /// <safety>As for one set. The heap does not end during the call, so its list of sets stays.</safety>
    public static unsafe void TakeAllRemoteFrees(PoolHeap heap, HeapBins* sets, ref Slot* taken)
    {
        for (HeapBins* set = sets; set != null; set = set->NextOfHeap)
        {
            TakeRemoteFrees(heap, set, ref taken);
        }
    }

    /// <summary>Takes the remote frees of all bins of a set.</summary>
    /// <safety>Sets are never unmapped. The taken slots are the caller's.</safety>
    public static unsafe void TakeRemoteFrees(PoolHeap heap, HeapBins* set, ref Slot* taken)
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            HeapBin* bin = HeapBins.At(set, (uint)i);
            if (!bin->Frees.IsEmpty)
            {
                TakeRemoteFrees(heap, bin, ref taken);
            }
        }
    }

    /// <summary>Takes the remote frees of a bin.</summary>
    /// <inheritdoc cref="TakeRemoteFrees(PoolHeap, HeapBins*, ref Slot*)" path="/safety"/>
    public static unsafe void TakeRemoteFrees(PoolHeap heap, HeapBin* bin, ref Slot* taken)
    {
        Slot** closing = stackalloc Slot*[RemoteFrees.MostTaken];
        Generation* generations = stackalloc Generation[RemoteFrees.MostTaken];
        RemoteBatch* batch = RemoteFrees.TakeAll(&bin->Frees);
        while (batch != null)
        {
            int count = RemoteFrees.TakeSlots(ref batch, heap, closing, generations);
            for (int i = 0; i < count; i++)
            {
                // A slot of another heap, which only two returns at once leave here, goes there.
                Slot* slot = closing[i];
                Bin* home = slot->Home;
                if (home == null || !HeapBin.Is(home) || PoolHeaps.Of(((HeapBin*)home)->Set) != heap)
                {
                    LeavePath.TakeAwayUnlessReturned(slot, generations[i]);
                }
                else if (LeavePath.TryTakeAway(slot, generations[i]))
                {
                    slot->Next = taken;
                    taken = slot;
                }
            }
        }
    }

    /// <safety>The caller is a visitor of the bin, and its thread is outside.</safety>
    private static unsafe void Empty(PoolHeap heap, HeapBin* bin, bool idleOnly, ref Magazine* taken, ref Slot* idle)
    {
        if (!bin->Bin.HasRoom)
        {
            return;
        }

        if (idleOnly)
        {
            Slot* slots = HeapBin.TakeIdle(bin);
            while (slots != null)
            {
                Slot* slot = slots;
                slots = slot->Next;
                slot->Next = idle;
                idle = slot;
            }
        }

        if (!idleOnly || HeapBin.CountOf(bin) == 0)
        {
            // The room goes back too: while it is reserved, other threads cannot have it.
            Close(heap, bin, ref taken, ref idle);
        }
    }
}
