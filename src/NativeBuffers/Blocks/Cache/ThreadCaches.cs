using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The caches of all threads: their registration, visits that trim them, and the return of their blocks when a thread has ended.</summary>
internal static class ThreadCaches
{
    private static readonly UninterruptedLock s_gate = new();

    /// <summary>The threads that have a cache, and their caches as addresses.</summary>
    private static readonly GrowingArray<Entry> s_entries = new();

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
    public static void ReclaimEnded()
    {
        unsafe
        {
            // SAFETY: the thread has ended, and only this call has removed its entry: until it is listed as unused, no other call uses the cache.
            for (ThreadCache* cache = TryRemoveEnded(); cache != null; cache = TryRemoveEnded())
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

    /// <summary>
    /// Moves the magazines of every thread to the depots: all, or only those that were not used since the last call. Hot blocks stay.
    /// </summary>
    public static void Trim(bool idleOnly)
    {
        unsafe
        {
            // SAFETY: the visits take these slots out of the caches, so they belong to this method.
            Slot* large = null;
            Visit(idleOnly, ref large);
            LargePath.Free(large);
        }
    }

    /// <inheritdoc cref="Trim"/>
    /// <safety>The slots of the list are the caller's from now on.</safety>
    private static unsafe void Visit(bool idleOnly, ref Slot* large)
    {
        using (s_gate.Enter())
        {
            foreach ((_, nint cache) in s_entries.AsSpan())
            {
                ((ThreadCache*)cache)->Large.Announce();
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    ThreadCache.BinOf((ThreadCache*)cache, i)->Announce();
                }
            }

            Interlocked.MemoryBarrierProcessWide();
            foreach ((_, nint cache) in s_entries.AsSpan())
            {
                Visit((ThreadCache*)cache, idleOnly);
                int count = LargeBin.Visit(&((ThreadCache*)cache)->Large, idleOnly, ref large);
                _ = Interlocked.Add(ref ((ThreadCache*)cache)->SlotsTakenAway, count);
            }

            for (var cache = (ThreadCache*)s_created; cache != null; cache = cache->NextCreated)
            {
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    if (!ThreadCache.FreesOf(cache, i)->IsEmpty)
                    {
                        Drain(cache, i);
                    }
                }
            }
        }
    }

    /// <summary>Moves the remote frees of a cache, of one size, to the depot.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe void Drain(ThreadCache* cache, int sizeClass)
    {
        using (s_gate.Enter())
        {
            // The thread that reclaims a cache takes its remote frees, too.
            if (!cache->IsReclaimed)
            {
                TakeRemoteFrees(cache, sizeClass);
            }
        }
    }

    /// <summary>Gives the remote frees of a cache, of one size, to the depot.</summary>
    /// <safety>The caller has the lock, or reclaims the cache.</safety>
    private static unsafe void TakeRemoteFrees(ThreadCache* cache, int sizeClass)
    {
        // First take, then the barrier, then look whether the slots are still taken: one barrier for many slots.
        const int Most = 64;
        Slot** taken = stackalloc Slot*[Most];
        Generation* closing = stackalloc Generation[Most];
        Slot* slots = RemoteFrees.TakeAll(ThreadCache.FreesOf(cache, sizeClass));
        while (slots != null)
        {
            int count = 0;
            while (slots != null && count < Most)
            {
                Slot* slot = slots;
                slots = RemoteFrees.Below(slot);
                NativeMemoryCache.Dequeue((long)SizeClasses.SizeOf(sizeClass));
                if (RemoteFrees.TryTake(slot, out closing[count]))
                {
                    taken[count++] = slot;
                }
            }

            if (count > 0)
            {
                Interlocked.MemoryBarrierProcessWide();
            }

            for (int i = 0; i < count; i++)
            {
                FreePath.TakeAwayUnlessReturned(taken[i], closing[i]);
            }
        }
    }

    /// <safety>The visit of the cache was announced, and a barrier of the whole process came after.</safety>
    private static unsafe void Visit(ThreadCache* cache, bool idleOnly)
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Bin* bin = ThreadCache.BinOf(cache, i);
            bin->WaitForOwner();
            if (bin->HasRoom && (bin->WasIdle() || !idleOnly))
            {
                // The room goes back too: while it is reserved, other threads cannot have it.
                _ = Interlocked.Add(ref cache->SlotsTakenAway, Depot.For(i).GiveAll(bin));
                cache->Room.Release(i);
            }

            bin->EndVisit();
        }
    }

    /// <summary>The cache of a thread that has ended, and leaves the list; null when there is none.</summary>
    /// <safety>The cache is the caller's from now on.</safety>
    private static unsafe ThreadCache* TryRemoveEnded()
    {
        using (s_gate.Enter())
        {
            for (int i = s_entries.Count - 1; i >= 0; i--)
            {
                if (!s_entries[i].Thread.IsAlive)
                {
                    var cache = (ThreadCache*)s_entries[i].Cache;
                    s_entries.RemoveUnordered(i);
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
        ThreadCache.FlushHot(cache);
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            cache->SlotsHeld -= Depot.For(i).GiveAll(ThreadCache.BinOf(cache, i));
            TakeRemoteFrees(cache, i);
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
    private readonly record struct Entry(Thread Thread, nint Cache);
}
