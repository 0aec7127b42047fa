namespace NativeBuffers.Blocks.Cache;

/// <summary>The sources of a thread's slots after its hot one: its magazines, its remote frees, the depot, the C library.</summary>
internal static class AllocateSlowPath
{
    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes, which a size class holds; null if memory is exhausted.</summary>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTake(nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        Bin* bin = cache->Opened(SizeClasses.Of(byteCount));
        Slot* slot = bin->Hot;
        bin->Hot = null;
        slot = slot != null ? slot : Bin.TryTake(bin);
        if (slot == null && bin->TrySwap(wanted: true))
        {
            slot = Bin.TryTake(bin);
        }

        slot = slot != null ? slot : TakeRemotelyFreed(cache, bin);
        return slot != null ? slot : TakeStored(cache, bin);
    }

    /// <summary>A slot for a block that does not come from a cache; null if memory is exhausted.</summary>
    /// <safety>The slot belongs to the caller, on this thread, and has no block.</safety>
    public static unsafe Slot* TryTakeVacant()
    {
        ThreadCache* cache = ThreadCache.Current();
        return cache == null ? null : TakeVacant(cache, &cache->Closed);
    }

    /// <summary>A slot without a block; null if memory is exhausted.</summary>
    /// <safety>The cache is this thread's. The slot belongs to the caller, which gives it a block or gives it back.</safety>
    public static unsafe Slot* TakeVacant(ThreadCache* cache, Bin* home)
    {
        Slot* slot = cache->Vacant;
        if (slot == null)
        {
            slot = SlotTable.TakeList();
            if (slot == null)
            {
                return null;
            }

            cache->VacantCount = SlotTable.ListLength;
        }

        cache->VacantCount--;
        cache->Vacant = slot->Next;
        slot->Home = home;
        cache->SlotsHeld++;
        return slot;
    }

    /// <summary>Takes one slot that another thread freed, and moves the rest into this thread's bins. Null if there is none.</summary>
    /// <safety>Cache and bin are this thread's. The slot and its block belong to the caller, on this thread.</safety>
    private static unsafe Slot* TakeRemotelyFreed(ThreadCache* cache, Bin* bin)
    {
        Slot* taken = null;
        Slot* next = RemoteFrees.TakeAll(ThreadCache.FreesOf(cache, bin->SizeClass));
        while (next != null)
        {
            Slot* slot = next;
            next = RemoteFrees.Below(slot);
            NativeMemoryCache.Dequeue((long)SizeClasses.SizeOf(bin->SizeClass));
            if (!RemoteFrees.TryTake(slot, out Generation closing))
            {
                continue;
            }

            Bin* home = slot->Home;
            if (home == null || ThreadCache.Of(home) != cache)
            {
                // The slot belongs to another thread by now, which may be just giving it back.
                Interlocked.MemoryBarrierProcessWide();
                FreePath.TakeAwayUnlessReturned(slot, closing);
                continue;
            }

            // A slot that was given back twice may have got a block of another size since it was queued.
            slot->Generation = closing.Next;
            if (taken == null && slot->ByteCount == SizeClasses.SizeOf(bin->SizeClass))
            {
                taken = slot;
            }
            else
            {
                FreePath.Return(slot, slot->Home);
            }
        }

        return taken;
    }

    /// <inheritdoc cref="TakeRemotelyFreed" path="/safety"/>
    private static unsafe Slot* TakeStored(ThreadCache* cache, Bin* bin)
    {
        Depot depot = Depot.For(bin->SizeClass);
        if (!bin->HasRoom)
        {
            // The budget has no room for this bin, so its slots come back through the closed bin.
            Slot* single = depot.TryTakeOne();
            if (single == null)
            {
                return TakeFresh(cache, bin, &cache->Closed);
            }

            AllocationCounts.Add(ref cache->Counts.FromDepot[bin->SizeClass], 1);
            single->Home = &cache->Closed;
            cache->SlotsHeld++;
            return single;
        }

        Magazine* magazine = depot.TryTake();
        if (magazine != null)
        {
            cache->SlotsHeld += magazine->Count;
            Magazine* last = bin->Push(magazine);
            cache->SlotsHeld -= last->Count;
            depot.Give(last);
            Slot* slot = Bin.TryTake(bin);
            if (slot != null)
            {
                AllocationCounts.Add(ref cache->Counts.FromDepot[bin->SizeClass], 1);
                return slot;
            }
        }

        return TakeFresh(cache, bin, bin);
    }

    /// <inheritdoc cref="TakeRemotelyFreed" path="/safety"/>
    private static unsafe Slot* TakeFresh(ThreadCache* cache, Bin* bin, Bin* home)
    {
        Slot* slot = TakeVacant(cache, home);
        if (slot == null)
        {
            return null;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(bin->SizeClass);
        byte* start = BlockSource.TryAllocate(bin->SizeClass);
        if (start == null)
        {
            FreePath.ReturnVacant(slot);
            return null;
        }

        AllocationCounts.Add(ref cache->Counts.Fresh[bin->SizeClass], 1);
        slot->Start = start;
        return slot;
    }
}
