namespace NativeBuffers.Blocks.Cache;

/// <summary>Where a thread's slots come from when its hot one does not do: its magazines, what others gave back, the depot, the C library.</summary>
internal static class AllocateSlowPath
{
    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes, which a size class holds; null when memory is exhausted.</summary>
    /// <safety>As for <see cref="ThreadCache.TakeHot"/>.</safety>
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

        slot = slot != null ? slot : TakeReturned(cache, bin);
        return slot != null ? slot : TakeStored(cache, bin);
    }

    /// <summary>A slot for a block that does not come from a cache; null when memory is exhausted.</summary>
    /// <safety>The caller gives it a block, and then returns it as any other.</safety>
    public static unsafe Slot* TryTakeVacant()
    {
        ThreadCache* cache = ThreadCache.Current();
        return cache == null ? null : TakeVacant(cache, &cache->Closed);
    }

    /// <summary>A slot that another thread gave back; the others go where blocks of this thread go. Null when there is none.</summary>
    private static unsafe Slot* TakeReturned(ThreadCache* cache, Bin* bin)
    {
        Slot* taken = null;
        Slot* next = RemoteFrees.TakeAll(ThreadCache.QueueOf(cache, bin->SizeClass));
        while (next != null)
        {
            Slot* slot = next;
            next = RemoteFrees.Below(slot);
            CacheBudget.Dequeue((long)SizeClasses.SizeOf(bin->SizeClass));
            if (!RemoteFrees.TryTake(slot, out Generation closing))
            {
                continue;
            }

            Bin* home = slot->Home;
            if (home == null || home->Cache != cache)
            {
                // Another thread's by now, which may be just giving it back.
                Interlocked.MemoryBarrierProcessWide();
                FreeSlowPath.TakeAwayUnlessReturned(slot, closing);
                continue;
            }

            // It may have got a block of another size since it was queued, if it was given back twice.
            slot->Generation = closing.Next;
            if (taken == null && slot->ByteCount == SizeClasses.SizeOf(bin->SizeClass))
            {
                taken = slot;
            }
            else
            {
                ThreadCache.Return(slot, slot->Home);
            }
        }

        return taken;
    }

    private static unsafe Slot* TakeStored(ThreadCache* cache, Bin* bin)
    {
        DepotBin depotBin = Depot.For(bin->SizeClass);
        if (!bin->HasRoom)
        {
            // Where the budget has no room for this thread, slots come back through the closed bin.
            Slot* single = depotBin.TryTakeOne();
            if (single == null)
            {
                return TakeFresh(cache, bin, &cache->Closed);
            }

            AllocationCounts.Add(ref cache->Counts.FromDepot[bin->SizeClass], 1);
            single->Home = &cache->Closed;
            cache->SlotsHeld++;
            return single;
        }

        Magazine* magazine = depotBin.TryTake();
        if (magazine != null)
        {
            cache->SlotsHeld += magazine->Count;
            Magazine* last = bin->Push(magazine);
            cache->SlotsHeld -= last->Count;
            depotBin.Give(last);
            Slot* slot = Bin.TryTake(bin);
            if (slot != null)
            {
                AllocationCounts.Add(ref cache->Counts.FromDepot[bin->SizeClass], 1);
                return slot;
            }
        }

        return TakeFresh(cache, bin, bin);
    }

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
            FreeSlowPath.ReturnVacant(slot);
            return null;
        }

        AllocationCounts.Add(ref cache->Counts.Fresh[bin->SizeClass], 1);
        slot->Start = start;
        return slot;
    }

    /// <summary>A slot without a block; null when memory is exhausted.</summary>
    /// <safety>The caller is the cache's thread, and gives it a block or gives it back.</safety>
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
}
