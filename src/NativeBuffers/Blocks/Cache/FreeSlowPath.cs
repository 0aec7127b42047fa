using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Where slots go that cannot become the hot one: into magazines, to the depot, and to the thread they belong to.</summary>
internal static class FreeSlowPath
{
    /// <summary>More vacant slots than this go back to the table: where blocks are only freed, slots pile up.</summary>
    private const int MostVacant = 64;

    /// <summary>How many slots lie in a queue before those who give them back empty it themselves: 1 MiB of them, but 8 to 128.</summary>
    private static int MostReturned(int sizeClass) => (int)long.Clamp(1024 * 1024 / (long)SizeClasses.SizeOf(sizeClass), 8, 128);

    /// <summary>Puts a block into a vacant slot, and gives both back; false when there is no slot to be had.</summary>
    /// <safety>The block is the caller's to give up, and was detached from a slot of this size, on any thread.</safety>
    public static unsafe bool TryAttach(void* block, nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return false;
        }

        Bin* bin = cache->Opened(SizeClasses.Of(byteCount));
        Slot* slot = AllocateSlowPath.TakeVacant(cache, bin->HasRoom ? bin : &cache->Closed);
        if (slot == null)
        {
            return false;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(bin->SizeClass);
        slot->Start = (byte*)block;
        ThreadCache.Return(slot, slot->Home);
        return true;
    }

    /// <summary>Takes the block out of a slot, which becomes vacant.</summary>
    /// <safety>The slot came from this thread's <see cref="AllocateSlowPath.TryTake"/>; the block belongs to the caller now.</safety>
    public static unsafe void* Detach(Slot* slot)
    {
        // The block's loan is not one of the slot's: its end moves no generation.
        void* block = slot->Start;
        ThreadCache* cache = slot->Home->Cache;
        slot->Start = null;
        AllocationCounts.Settle(slot, cache, more: 1);
        ReturnVacant(slot);
        return block;
    }

    /// <summary>Gives a slot back whose block is gone already.</summary>
    /// <safety>The slot came from this thread's <see cref="AllocateSlowPath.TryTake"/> or <see cref="AllocateSlowPath.TryTakeVacant"/> and has no block.</safety>
    public static unsafe void ReturnVacant(Slot* slot)
    {
        ThreadCache* cache = slot->Home->Cache;
        slot->Home = null;
        slot->Start = null;
        AllocationCounts.Settle(slot, cache);
        cache->SlotsHeld--;
        SlotTable.Link(ref cache->Vacant, slot);
        if (++cache->VacantCount > MostVacant)
        {
            SlotTable.GiveList(cache->Vacant);
            cache->Vacant = null;
            cache->VacantCount = 0;
        }
    }

    /// <summary>Gives a slot back whose home has a hot one.</summary>
    /// <remarks>Nothing is live after its calls, so the JIT saves no registers for them.</remarks>
    /// <safety>As for <see cref="ThreadCache.Return"/>.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void ReturnBehindHot(Bin* home, Slot* slot)
    {
        if (InstrumentationSwitch.IsOn && InstrumentedPath.IsOf(slot))
        {
            InstrumentedPath.Return(slot, AllocationSite.Take());
            return;
        }

        // The closed bin has no room, so what cannot be cached falls through too.
        if (!Bin.TryGive(home, slot))
        {
            ReturnSlowly(home, slot);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnSlowly(Bin* home, Slot* slot)
    {
        if (slot->Kind != SlotKind.Cached)
        {
            try
            {
                Uncached.Free(slot);
            }
            finally
            {
                ReturnVacant(slot);
            }

            return;
        }

        if (home->TrySwap(wanted: false) && Bin.TryGive(home, slot))
        {
            return;
        }

        // Both magazines are full, or there is no room at all: the older one goes to the depot, or this block alone.
        ThreadCache* cache = home->Cache;
        DepotBin depotBin = Depot.For(SizeClasses.Of(slot->ByteCount));
        Magazine* empty = home->HasRoom ? depotBin.TryTakeEmpty() : null;
        if (empty == null)
        {
            cache->SlotsHeld--;
            depotBin.GiveOne(slot);
            return;
        }

        Magazine* full = home->Push(empty);
        cache->SlotsHeld -= full->Count;
        depotBin.Give(full);
        ReturnBehindHot(home, slot);
    }

    /// <summary>Gives a closing slot back on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, and has a cached block.</safety>
    public static unsafe void ReturnElsewhere(Slot* slot, Generation closing, Bin* home)
    {
        // Before it leaves: its own thread may be giving it back at the same time, and then moves it on.
        nuint byteCount = slot->ByteCount;
        if (!slot->TryMove(closing, closing.With(SlotState.RemotelyFreed)))
        {
            return;
        }

        int sizeClass = SizeClasses.Of(byteCount);
        if (!RemoteFrees.TryPush(ThreadCache.QueueOf(home->Cache, sizeClass), slot, out int depth))
        {
            return;
        }

        bool fits = CacheBudget.TryQueue((long)SizeClasses.SizeOf(sizeClass));
        if (!fits || depth >= MostReturned(sizeClass))
        {
            ThreadCaches.Drain(home->Cache, sizeClass);
        }
    }

    /// <summary>Gives a slot to the depot that was taken from a queue, unless its own thread gave it back at the same time.</summary>
    /// <safety>The slot was taken in this generation, and then a barrier of the whole process was passed.</safety>
    public static unsafe void TakeAwayUnlessReturned(Slot* slot, Generation closing)
    {
        // Its own thread is inside if it has not seen that another gave the slot back: let it finish.
        Bin* home = slot->Home;
        if (home != null)
        {
            home->WaitForOwner();
        }

        if (slot->ReadGeneration() == closing)
        {
            TakeAway(slot);
        }
    }

    /// <summary>Gives a closing slot to the depot, on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, was taken from a <see cref="RemoteFrees"/>, and has a home.</safety>
    private static unsafe void TakeAway(Slot* slot)
    {
        // Without a home first: a slot that is in no generation's hands and has a home would count as abandoned with it.
        _ = Interlocked.Increment(ref slot->Home->Cache->SlotsTakenAway);
        slot->Home = null;
        slot->WriteGeneration(slot->Generation.Next);
        Depot.For(SizeClasses.Of(slot->ByteCount)).GiveOne(slot);
    }
}
