using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks.Cache.Trimming;

/// <summary>The return of the blocks of threads that have ended.</summary>
internal static class EndedThreads
{
    private static long s_abandonedCount;

    /// <summary>The number of scoped buffers that were in use when their thread ended. They were freed then.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>Moves the free blocks of ended threads to the depots, and frees the blocks that they never gave back.</summary>
    /// <remarks>Allocates nothing on the managed heap: it is called when memory is short.</remarks>
    /// <param name="most">The number of threads to look at, and more of them after an ended one; by default all threads.</param>
    public static void Reclaim(int most = int.MaxValue)
    {
        bool all = most == int.MaxValue;
        unsafe
        {
            // SAFETY: the thread has ended, and only this call has removed its entry: until it is listed as unused, no other call uses the cache.
            for (ThreadCache* cache = ThreadCaches.TryRemoveEnded(ref most, all); cache != null; cache = ThreadCaches.TryRemoveEnded(ref most, all))
            {
                // The thread's last stores came without a barrier.
                Interlocked.MemoryBarrierProcessWide();
                Empty(cache);
                ThreadCaches.GiveUnused(cache);
                most += all ? 0 : ThreadCaches.LooksAfterEnded;
            }
        }
    }

    /// <summary>Empties the cache of an ended thread: free blocks, borrows, and scoped buffers that were still in use.</summary>
    /// <remarks>Owners on the managed heap keep their slots, which belong to the next thread with this cache.</remarks>
    /// <safety>The thread has ended, a barrier of the whole process came after, and the cache is the caller's.</safety>
    private static unsafe void Empty(ThreadCache* cache)
    {
        RemotePath.Flush(&cache->Outbox);
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Slot* hot = WithdrawnBlocks.TakeLast(cache, i);
            if (hot != null)
            {
                cache->SlotsHeld--;
                Depot.For(i).GiveOne(hot);
            }

            cache->SlotsHeld -= Depot.For(i).GiveAll(ThreadCache.BinOf(cache, i));
            RemotePath.TakeRemoteFrees(cache, i);
        }

        BareBins.Empty(cache);
        LeaveHeaps(cache);
        Slot* large = null;
        cache->SlotsHeld -= LargeBin.Empty(&cache->Large, ref large);
        LargeStore.Give(large, isReserved: false);
        EndBorrows(cache);
        InstrumentedPath.ForgetThread(cache);
        Uncached.ForgetKept(cache);
        cache->SlotsHeld -= Interlocked.Exchange(ref cache->SlotsTakenAway, 0);
        if (cache->SlotsHeld != 0)
        {
            cache->SlotsHeld -= FreeAbandoned(cache);
        }

        FreePath.GiveVacant(cache);
        cache->IsAside = false;
        cache->Room.ReleaseAll();
    }

    /// <summary>Gives the blocks of pools to the depots of their heaps.</summary>
    /// <inheritdoc cref="Empty" path="/safety"/>
    private static unsafe void LeaveHeaps(ThreadCache* cache)
    {
        HeapBins.Sweep(cache, always: true);
        for (int i = 0; i < cache->HeapCount; i++)
        {
            HeapBins* set = cache->Heaps[i];
            try
            {
                if (set != null && PoolHeaps.Of(set) is { } heap)
                {
                    heap.Leave(set);
                }
            }
            catch (Exception)
            {
                // The program's own allocator threw, as in EndBorrows.
            }
        }
    }

    /// <summary>Ends the borrows of the thread: they can have no user any more.</summary>
    /// <inheritdoc cref="Empty" path="/safety"/>
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
    /// <safety>As for <see cref="Empty"/>; the free slots of the thread have left.</safety>
    private static unsafe int FreeAbandoned(ThreadCache* cache)
    {
        int count = 0;
        AllocationSite noted = AllocationSite.Noted; // This thread may be asking for a block, whose site it has noted.
        Slot* slot = SlotTable.CollectByHome(&cache->Closed, ThreadCache.BinOf(cache, SizeClasses.Count - 1));
        for (Slot* each = slot; each != null; each = each->Next)
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
