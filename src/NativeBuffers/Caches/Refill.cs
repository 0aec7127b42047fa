namespace NativeBuffers.Caches;

/// <summary>Where a thread's slots come from when its hot one does not do: its bundles, what others gave back, the depot, the C library.</summary>
internal static class Refill
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

        Magazine* magazine = cache->Opened(SizeClasses.Of(byteCount));
        Slot* slot = magazine->Hot;
        magazine->Hot = null;
        slot = slot != null ? slot : Magazine.TryTake(magazine);
        if (slot == null && magazine->TrySwap(wanted: true))
        {
            slot = Magazine.TryTake(magazine);
        }

        slot = slot != null ? slot : TakeReturned(cache, magazine);
        return slot != null ? slot : TakeStored(cache, magazine);
    }

    /// <summary>A slot for a block that does not come from a cache; null when memory is exhausted.</summary>
    /// <safety>The caller gives it a block, and then returns it as any other.</safety>
    public static unsafe Slot* TryTakeVacant()
    {
        ThreadCache* cache = ThreadCache.Current();
        return cache == null ? null : TakeVacant(cache, &cache->Closed);
    }

    /// <summary>A slot that another thread gave back; the others go where blocks of this thread go. Null when there is none.</summary>
    private static unsafe Slot* TakeReturned(ThreadCache* cache, Magazine* magazine)
    {
        Slot* taken = null;
        Slot* next = ReturnQueue.TakeAll(ThreadCache.QueueOf(cache, magazine->SizeClass));
        while (next != null)
        {
            Slot* slot = next;
            next = ReturnQueue.Below(slot);
            CacheBudget.Dequeue((long)SizeClasses.SizeOf(magazine->SizeClass));
            if (!ReturnQueue.TryTake(slot, out ulong closing))
            {
                continue;
            }

            Magazine* home = slot->Home;
            if (home == null || home->Cache != cache)
            {
                // Another thread's by now, which may be just giving it back.
                Interlocked.MemoryBarrierProcessWide();
                Overflow.TakeAwayUnlessReturned(slot, closing);
                continue;
            }

            // It may have got a block of another size since it was queued, if it was given back twice.
            slot->Generation = Slot.After(closing);
            if (taken == null && slot->ByteCount == SizeClasses.SizeOf(magazine->SizeClass))
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

    private static unsafe Slot* TakeStored(ThreadCache* cache, Magazine* magazine)
    {
        Shelf shelf = Depot.For(magazine->SizeClass);
        if (!magazine->HasRoom)
        {
            // Where the budget has no room for this thread, slots come back through the closed magazine.
            Slot* single = shelf.TryTakeOne();
            if (single == null)
            {
                return TakeFresh(cache, magazine, &cache->Closed);
            }

            LoanLedger.Add(ref cache->Loans.FromDepot[magazine->SizeClass], 1);
            single->Home = &cache->Closed;
            cache->SlotsHeld++;
            return single;
        }

        Bundle* bundle = shelf.TryTake();
        if (bundle != null)
        {
            cache->SlotsHeld += bundle->Count;
            Bundle* last = magazine->Push(bundle);
            cache->SlotsHeld -= last->Count;
            shelf.Give(last);
            Slot* slot = Magazine.TryTake(magazine);
            if (slot != null)
            {
                LoanLedger.Add(ref cache->Loans.FromDepot[magazine->SizeClass], 1);
                return slot;
            }
        }

        return TakeFresh(cache, magazine, magazine);
    }

    private static unsafe Slot* TakeFresh(ThreadCache* cache, Magazine* magazine, Magazine* home)
    {
        Slot* slot = TakeVacant(cache, home);
        if (slot == null)
        {
            return null;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(magazine->SizeClass);
        byte* start = BlockSource.TryAllocate(magazine->SizeClass);
        if (start == null)
        {
            Overflow.ReturnVacant(slot);
            return null;
        }

        LoanLedger.Add(ref cache->Loans.Fresh[magazine->SizeClass], 1);
        slot->Start = start;
        return slot;
    }

    /// <summary>A slot without a block; null when memory is exhausted.</summary>
    /// <safety>The caller is the cache's thread, and gives it a block or gives it back.</safety>
    public static unsafe Slot* TakeVacant(ThreadCache* cache, Magazine* home)
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
