using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Every thread's cache: who has one, what threads that ended left behind, and trimming from outside.</summary>
internal static class ThreadCaches
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<Entry> s_entries = [];

    /// <summary>Every cache there ever was, linked by <see cref="ThreadCache.NextCreated"/>.</summary>
    private static nint s_created;

    /// <summary>Caches of ended threads, for the next ones.</summary>
    private static unsafe ThreadCache* s_unused;

    private static long s_abandonedCount;

    /// <summary>How many buffers were still in use when their thread ended; they were freed then.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>What the threads' magazines hold, in bytes; while they work, a good guess.</summary>
    public static long ByteCount
    {
        get
        {
            long sum = 0;
            using (s_gate.Enter())
            {
                foreach (Entry entry in s_entries)
                {
                    sum += entry.ByteCount;
                }
            }

            return sum;
        }
    }

    /// <summary>The cache made last; <see cref="ThreadCache.NextCreated"/> leads to all others.</summary>
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
                s_entries.Add(new Entry(thread, cache));
                s_unused = cache->NextUnused;
                cache->NextUnused = null;
            }

            return cache;
        }
    }

    /// <summary>Frees what ended threads left: free blocks, and blocks that were never given back.</summary>
    /// <remarks>Allocates nothing on the managed heap: it is called when memory is short.</remarks>
    public static void ReclaimEnded()
    {
        while (TryRemoveEnded(out Entry entry))
        {
            // The thread wrote last without any barrier; its own has ended, ours is here.
            Interlocked.MemoryBarrierProcessWide();
            entry.Reclaim();
            unsafe
            {
                // SAFETY: the cache was emptied, and its thread is gone; only the entry's remover gets here.
                using (s_gate.Enter())
                {
                    entry.Cache->IsReclaimed = false;
                    entry.Cache->NextUnused = s_unused;
                    s_unused = entry.Cache;
                }
            }
        }
    }

    /// <summary>Moves every thread's magazines to the depot, all or only those not used since the last call. Hot blocks stay.</summary>
    public static void Trim(bool idleOnly)
    {
        using (s_gate.Enter())
        {
            foreach (Entry entry in s_entries)
            {
                entry.Announce();
            }

            Interlocked.MemoryBarrierProcessWide();
            foreach (Entry entry in s_entries)
            {
                entry.Visit(idleOnly);
            }

            DrainAll();
        }
    }

    /// <summary>Moves what others gave back to a cache, of one size, to the depot.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe void Drain(ThreadCache* cache, int sizeClass)
    {
        using (s_gate.Enter())
        {
            // Whoever empties the cache of an ended thread takes these, too.
            if (!cache->IsReclaimed)
            {
                TakeAway(RemoteFrees.TakeAll(ThreadCache.QueueOf(cache, sizeClass)), sizeClass);
            }
        }
    }

    /// <summary>Moves what others gave back to any cache to the depot.</summary>
    private static void DrainAll()
    {
        using (s_gate.Enter())
        {
            unsafe
            {
                // SAFETY: caches are never unmapped, and a list that was taken is this method's own.
                for (ThreadCache* cache = (ThreadCache*)s_created; cache != null; cache = cache->NextCreated)
                {
                    for (int i = 0; i < SizeClasses.Count && !cache->IsReclaimed; i++)
                    {
                        if (!ThreadCache.QueueOf(cache, i)->IsEmpty)
                        {
                            Drain(cache, i);
                        }
                    }
                }
            }
        }
    }

    /// <safety>The list was taken from a queue.</safety>
    private static unsafe void TakeAway(Slot* slots, int sizeClass)
    {
        // First take, then the barrier, then look whether they are still taken: many for one barrier.
        const int Most = 64;
        Slot** taken = stackalloc Slot*[Most];
        Generation* closing = stackalloc Generation[Most];
        while (slots != null)
        {
            int count = 0;
            while (slots != null && count < Most)
            {
                Slot* slot = slots;
                slots = RemoteFrees.Below(slot);
                CacheBudget.Dequeue((long)SizeClasses.SizeOf(sizeClass));
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

    private static bool TryRemoveEnded(out Entry entry)
    {
        using (s_gate.Enter())
        {
            for (int i = s_entries.Count - 1; i >= 0; i--)
            {
                if (!s_entries[i].Thread.IsAlive)
                {
                    entry = s_entries[i];
                    s_entries.RemoveAt(i);
                    unsafe
                    {
                        // SAFETY: caches are never unmapped.
                        entry.Cache->IsReclaimed = true;
                    }

                    return true;
                }
            }
        }

        entry = default;
        return false;
    }

    /// <summary>What the managed heap may refuse: first, because a cache that nobody notes would be lost with all it holds.</summary>
    private static bool TryMakeRoom()
    {
        try
        {
            FailPoint.ThrowIfRefused();
            Gen2Callback.Start();
            _ = s_entries.EnsureCapacity(s_entries.Count + 1);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

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
            Bin.Initialize((Bin*)&cache->Row + i, cache, i);
        }

        Volatile.Write(ref s_created, (nint)cache);
        return cache;
    }

    /// <summary>One thread's cache.</summary>
    private readonly struct Entry
    {
        /// <safety>The cache is that thread's, and is never unmapped.</safety>
        public unsafe Entry(Thread thread, ThreadCache* cache)
        {
            Thread = thread;
            Cache = cache;
        }

        public Thread Thread { get; }

        public unsafe ThreadCache* Cache { get; }

        public long ByteCount
        {
            get
            {
                long sum = 0;
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    unsafe
                    {
                        // SAFETY: caches are never unmapped; the thread may be changing what is read, so it is a guess.
                        sum += (First[i].Count + (First[i].Hot == null ? 0 : 1)) * (long)SizeClasses.SizeOf(i);
                    }
                }

                return sum;
            }
        }

        private unsafe Bin* First => (Bin*)&Cache->Row;

        public void Announce()
        {
            for (int i = 0; i < SizeClasses.Count; i++)
            {
                unsafe
                {
                    // SAFETY: caches are never unmapped, and the caller holds the lock of visitors.
                    First[i].Announce();
                }
            }
        }

        /// <summary>After <see cref="Announce"/> and the process-wide barrier.</summary>
        public void Visit(bool idleOnly)
        {
            for (int i = 0; i < SizeClasses.Count; i++)
            {
                unsafe
                {
                    // SAFETY: between WaitForOwner and EndVisit the owner does not touch the bin.
                    Bin* bin = First + i;
                    bin->WaitForOwner();
                    if (bin->HasRoom && (bin->WasIdle() || !idleOnly))
                    {
                        // The room goes back too: it is what keeps other threads from having any.
                        _ = Interlocked.Add(ref Cache->SlotsTakenAway, bin->Close(Depot.For(i)));
                        Cache->Release(i);
                    }

                    bin->EndVisit();
                }
            }
        }

        /// <summary>After the thread has ended.</summary>
        public void Reclaim()
        {
            unsafe
            {
                // SAFETY: the thread has ended, and only one caller removes an entry from the list: all of this is its own.
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    Slot* hot = First[i].Hot;
                    if (hot != null)
                    {
                        First[i].Hot = null;
                        Cache->SlotsHeld--;
                        Depot.For(i).GiveOne(hot);
                    }

                    Cache->SlotsHeld -= First[i].Close(Depot.For(i));
                    TakeAway(RemoteFrees.TakeAll(ThreadCache.QueueOf(Cache, i)), i);
                }

                EndBorrows();
                InstrumentedPath.ForgetThread(Cache);
                Cache->SlotsHeld -= Interlocked.Exchange(ref Cache->SlotsTakenAway, 0);
                if (Cache->SlotsHeld != 0)
                {
                    // What holders on the managed heap have stays theirs, and belongs to the next thread with this cache.
                    Cache->SlotsHeld -= FreeAbandoned();
                }

                SlotTable.GiveList(Cache->Vacant);
                Cache->Vacant = null;
                Cache->VacantCount = 0;
                Cache->IsAside = false;
                CacheBudget.Release(Cache->ReservedBytes);
                Cache->ReservedBytes = 0;
            }
        }

        /// <summary>Borrows that were not ended can have no user any more.</summary>
        /// <safety>The thread has ended.</safety>
        private unsafe void EndBorrows()
        {
            for (Slot* slot = BorrowRecords.EndOne(&Cache->Borrows); slot != null; slot = BorrowRecords.EndOne(&Cache->Borrows))
            {
                Interlocked.MemoryBarrier();
                try
                {
                    CloseProtocol.TryFinish(slot);
                }
                catch (Exception)
                {
                    // An allocator of the user's own that throws: there is nobody here to tell, and others to free.
                }
            }
        }

        /// <summary>Scoped buffers that were in use when their thread ended can have no user any more. Their slots alone still name its bins.</summary>
        /// <returns>How many there were.</returns>
        /// <safety>The thread has ended, and its free slots have left.</safety>
        private unsafe int FreeAbandoned()
        {
            int count = 0;
            AllocationSite noted = AllocationSite.Noted; // For a block that this thread is asking for.
            Slot* slot = SlotTable.CollectByHome(&Cache->Closed, First + SizeClasses.Count - 1);
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
                    // As above.
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
}
