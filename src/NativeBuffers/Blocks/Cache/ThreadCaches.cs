using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The caches of all threads: their registration, visits that trim them, and the return of their blocks when a thread has ended.</summary>
internal static class ThreadCaches
{
    /// <summary>
    /// The number of threads of which a new thread asks whether they have ended: 2 µs. Where more threads live, their ends are found by
    /// later threads, by a trim, or after a full collection.
    /// </summary>
    public const int LooksOfNewThread = 64;

    private static readonly UninterruptedLock s_gate = new();

    /// <summary>The threads that have a cache, and their caches as addresses.</summary>
    private static readonly GrowingArray<Entry> s_entries = new();

    /// <summary>Looks for ended threads go down from here, and begin again at the last entry.</summary>
    private static int s_nextLook;

    /// <summary>All caches ever made, linked by <see cref="ThreadCache.NextCreated"/>.</summary>
    private static nint s_created;

    /// <summary>Caches of ended threads, for the next threads.</summary>
    private static unsafe ThreadCache* s_unused;

    private static long s_abandonedCount;

    /// <summary>The number of scoped buffers that were in use when their thread ended. They were freed then.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>The bytes in the bins of all threads; a good guess while they work.</summary>
    public static long ByteCount
    {
        get
        {
            long sum = 0;
            using (s_gate.Enter())
            {
                foreach ((_, nint cache) in s_entries.AsSpan())
                {
                    unsafe
                    {
                        // SAFETY: caches are never unmapped. Their threads may change the counts now, so this is a guess.
                        sum += ((ThreadCache*)cache)->Large.HeldBytes;
                        for (int i = 0; i < SizeClasses.Count; i++)
                        {
                            Bin* bin = ThreadCache.BinOf((ThreadCache*)cache, i);
                            sum += (bin->Count + (bin->Hot == null ? 0 : 1)) * (long)SizeClasses.SizeOf(i);
                        }
                    }
                }
            }

            return sum;
        }
    }

    /// <summary>The bytes of the slots that wait in outboxes; a good guess while threads work.</summary>
    public static long OutboxBytes
    {
        get
        {
            long sum = 0;
            unsafe
            {
                // SAFETY: caches are never unmapped.
                for (ThreadCache* cache = LastCreated; cache != null; cache = cache->NextCreated)
                {
                    sum += cache->Outbox.ByteCount;
                }
            }

            return sum;
        }
    }

    /// <summary>The lock of the lists, and of visitors.</summary>
    public static UninterruptedLock Gate => s_gate;

    /// <summary>The threads that have a cache. Under the lock.</summary>
    public static ReadOnlySpan<Entry> Entries => s_entries.AsSpan();

    /// <summary>The cache made last; <see cref="ThreadCache.NextCreated"/> leads to the rest.</summary>
    /// <safety>Caches are never unmapped. Their threads write to them.</safety>
    public static unsafe ThreadCache* LastCreated => (ThreadCache*)Volatile.Read(ref s_created);

    /// <summary>Makes a cache for a thread that has none; null when memory is exhausted.</summary>
    /// <safety>The caller runs on <paramref name="thread"/>, and keeps the result where only that thread finds it.</safety>
    public static unsafe ThreadCache* TryRegister(Thread thread)
    {
        using (s_gate.Enter())
        {
            ThreadCache* cache = !TryMakeRoom() ? null : s_unused != null ? s_unused : TryCreate();
            if (cache != null)
            {
                s_entries.Add(new Entry(thread, (nint)cache));
                s_unused = cache->NextUnused;
                cache->NextUnused = null;
                cache->Credits = null;
            }

            return cache;
        }
    }

    /// <summary>Frees the free blocks of ended threads, and the blocks that they never gave back.</summary>
    /// <remarks>Allocates nothing on the managed heap: it is called when memory is short.</remarks>
    /// <param name="most">The most threads to look at. The next call begins where this call has stopped.</param>
    public static void ReclaimEnded(int most = int.MaxValue)
    {
        unsafe
        {
            // SAFETY: the thread has ended, and only this call has removed its entry: until it is listed as unused, no other call uses the cache.
            for (ThreadCache* cache = TryRemoveEnded(ref most); cache != null; cache = TryRemoveEnded(ref most))
            {
                // The thread's last stores came without a barrier.
                Interlocked.MemoryBarrierProcessWide();
                Reclaim(cache);
                using (s_gate.Enter())
                {
                    cache->IsReclaimed = false;
                    cache->NextUnused = s_unused;
                    s_unused = cache;
                }
            }
        }
    }

    /// <summary>The cache of a thread that has ended, and leaves the list; null when there is none.</summary>
    /// <param name="most">The most threads to look at; afterwards, the number that is left.</param>
    /// <safety>The cache is the caller's from now on.</safety>
    private static unsafe ThreadCache* TryRemoveEnded(ref int most)
    {
        using (s_gate.Enter())
        {
            for (most = int.Min(most, s_entries.Count); most > 0; most--)
            {
                s_nextLook = (s_nextLook > 0 && s_nextLook < s_entries.Count ? s_nextLook : s_entries.Count) - 1;
                if (!s_entries[s_nextLook].Thread.IsAlive)
                {
                    // The last entry takes the place, and is looked at next.
                    var cache = (ThreadCache*)s_entries[s_nextLook].Cache;
                    s_entries.RemoveUnordered(s_nextLook++);
                    cache->IsReclaimed = true;
                    return cache;
                }
            }
        }

        return null;
    }

    /// <summary>Empties the cache of an ended thread: free blocks, borrows, and scoped buffers that were still in use.</summary>
    /// <remarks>Owners on the managed heap keep their slots, which belong to the next thread with this cache.</remarks>
    /// <safety>The thread has ended, a barrier of the whole process came after, and the cache is the caller's.</safety>
    private static unsafe void Reclaim(ThreadCache* cache)
    {
        Outbox.Flush(&cache->Outbox);
        ThreadCache.FlushHot(cache);
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            cache->SlotsHeld -= Depot.For(i).GiveAll(ThreadCache.BinOf(cache, i));
            CacheVisits.TakeRemoteFrees(cache, i);
        }

        LeaveHeaps(cache);
        Slot* large = null;
        cache->SlotsHeld -= LargeBin.Empty(&cache->Large, ref large);
        LargeStore.Give(large, isReserved: false);
        EndBorrows(cache);
        InstrumentedPath.ForgetThread(cache);
        Uncached.ForgetThread(cache);
        cache->SlotsHeld -= Interlocked.Exchange(ref cache->SlotsTakenAway, 0);
        if (cache->SlotsHeld != 0)
        {
            cache->SlotsHeld -= FreeAbandoned(cache);
        }

        SlotTable.GiveList(cache->Vacant);
        cache->Vacant = null;
        cache->VacantCount = 0;
        cache->IsAside = false;
        cache->Room.ReleaseAll();
    }

    /// <summary>Gives the blocks of pools to the depots of their heaps.</summary>
    /// <inheritdoc cref="Reclaim" path="/safety"/>
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

    /// <summary>Makes all requests to the managed heap first: a cache without an entry would be lost with all its blocks.</summary>
    private static bool TryMakeRoom()
    {
        try
        {
            FailPoint.ThrowIfRefused();
            Gen2Callback.Start();
            s_entries.EnsureRoom();
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <safety>The caller has the lock. The cache is the caller's.</safety>
    private static unsafe ThreadCache* TryCreate()
    {
        ThreadCache* cache;
        try
        {
            FailPoint.ThrowIfRefused();
            cache = (ThreadCache*)NativeMemory.AlignedAlloc((nuint)sizeof(ThreadCache), SizeClasses.Smallest);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }

        NativeMemory.Clear(cache, (nuint)sizeof(ThreadCache));
        cache->NextCreated = (ThreadCache*)s_created;
        BorrowRecords.Close(&cache->Borrows);
        Bin.Initialize(&cache->Closed, cache, sizeClass: 0);
        cache->Closed.Hot = Bin.NoRoom;
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Bin.Initialize(ThreadCache.BinOf(cache, i), cache, i);
        }

        Volatile.Write(ref s_created, (nint)cache);
        return cache;
    }

    /// <summary>A thread and its cache, as an address.</summary>
    public readonly record struct Entry(Thread Thread, nint Cache);
}
