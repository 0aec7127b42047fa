using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Empties the cache of a thread that has ended: free blocks, borrows, and scoped buffers that were still in use.</summary>
internal static class EndedThread
{
    private static long s_abandonedCount;

    /// <summary>The number of scoped buffers that were in use when their thread ended. They were freed then.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>Empties the cache. Owners on the managed heap keep their slots, which belong to the next thread with this cache.</summary>
    /// <safety>The thread has ended, a barrier of the whole process came after, and the cache is the caller's.</safety>
    public static unsafe void Reclaim(ThreadCache* cache)
    {
        ThreadCache.FlushHot(cache);
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            cache->SlotsHeld -= Depot.For(i).GiveAll(ThreadCache.BinOf(cache, i));
            ThreadCaches.TakeRemoteFrees(cache, i);
        }

        EndBorrows(cache);
        InstrumentedPath.ForgetThread(cache);
        cache->SlotsHeld -= Interlocked.Exchange(ref cache->SlotsTakenAway, 0);
        if (cache->SlotsHeld != 0)
        {
            cache->SlotsHeld -= FreeAbandoned(cache);
        }

        SlotTable.GiveList(cache->Vacant);
        cache->Vacant = null;
        cache->VacantCount = 0;
        cache->IsAside = false;
        NativeMemoryCache.Release(cache->ReservedBytes);
        cache->ReservedBytes = 0;
    }

    /// <summary>Ends the borrows of the thread: they can have no user any more.</summary>
    /// <inheritdoc cref="Reclaim" path="/safety"/>
    private static unsafe void EndBorrows(ThreadCache* cache)
    {
        for (Slot* slot = BorrowRecords.EndOne(&cache->Borrows); slot != null; slot = BorrowRecords.EndOne(&cache->Borrows))
        {
            Interlocked.MemoryBarrier();
            try
            {
                FreePath.TryFinish(slot);
            }
            catch (Exception)
            {
                // The program's own allocator threw. No caller is here to hear of it, and more slots must be freed.
            }
        }
    }

    /// <summary>Frees the scoped buffers of the thread: they can have no user any more. Only their slots still name its bins.</summary>
    /// <returns>The number of buffers.</returns>
    /// <safety>As for <see cref="Reclaim"/>; the free slots of the thread have left.</safety>
    private static unsafe int FreeAbandoned(ThreadCache* cache)
    {
        int count = 0;
        AllocationSite noted = AllocationSite.Noted; // This thread may be asking for a block, whose site it has noted.
        Slot* slot = SlotTable.CollectByHome(&cache->Closed, ThreadCache.BinOf(cache, SizeClasses.Count - 1));
        for (Slot* each = slot; each != null; each = each->Note.Next)
        {
            count++;
            each->Generation = each->Generation.Next;
            each->Home = null;
            try
            {
                AllocationSite.Note(AllocationSite.Abandoned);
                Uncached.Free(each);
            }
            catch (Exception)
            {
                // The program's own allocator threw, as in EndBorrows.
            }

            each->Start = null;
            AllocationCounts.SettleElsewhere(each, atLeast: 1);
            Interlocked.Increment(ref s_abandonedCount);
        }

        AllocationSite.Note(noted);
        SlotTable.GiveList(slot);
        return count;
    }
}
