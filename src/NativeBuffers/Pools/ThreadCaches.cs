using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>Every thread's cache: who has one, what threads that ended left behind, and trimming from outside.</summary>
internal static class ThreadCaches
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<Entry> s_entries = [];

    /// <summary>Caches of ended threads, for the next ones.</summary>
    private static unsafe ThreadCache* s_unused;

    private static long s_abandonedCount;

    /// <summary>How many buffers were still in use when their thread ended; they were freed then.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>What the threads' bundles hold, in bytes; while they work, a good guess.</summary>
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

    /// <summary>Makes a cache for a thread that has none; null when memory is exhausted.</summary>
    /// <safety>The caller runs on <paramref name="thread"/>, and keeps the result where only that thread finds it.</safety>
    public static unsafe ThreadCache* TryRegister(Thread thread)
    {
        using (s_gate.Enter())
        {
            ThreadCache* cache = s_unused;
            if (cache == null)
            {
                cache = TryCreate();
            }

            if (cache != null)
            {
                s_entries.Add(new Entry(thread, cache));
                s_unused = cache->NextUnused;
                cache->NextUnused = null;
            }

            CollectionWatch.Start();
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
                    entry.Cache->NextUnused = s_unused;
                    s_unused = entry.Cache;
                }
            }
        }
    }

    /// <summary>Moves every thread's bundles to the depot, all or only those not used since the last call. Hot blocks stay.</summary>
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
                    return true;
                }
            }
        }

        entry = default;
        return false;
    }

    private static unsafe ThreadCache* TryCreate()
    {
        ThreadCache* cache;
        try
        {
            cache = (ThreadCache*)NativeMemory.AlignedAlloc((nuint)sizeof(ThreadCache), SizeClasses.Smallest);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }

        NativeMemory.Clear(cache, (nuint)sizeof(ThreadCache));
        Magazine.Initialize(&cache->Closed, cache, sizeClass: 0);
        cache->Closed.Hot = Magazine.NoRoom;
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Magazine.Initialize((Magazine*)&cache->Row + i, cache, i);
        }

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

        private unsafe Magazine* First => (Magazine*)&Cache->Row;

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
                    // SAFETY: between WaitForOwner and EndVisit the owner does not touch the magazine.
                    Magazine* magazine = First + i;
                    magazine->WaitForOwner();
                    if (magazine->HasRoom && (magazine->WasIdle() || !idleOnly))
                    {
                        // The room goes back too: it is what keeps other threads from having any.
                        Cache->SlotsTakenAway += magazine->Close(Depot.For(i));
                        Cache->Release(i);
                    }

                    magazine->EndVisit();
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
                }

                Cache->SlotsHeld -= Cache->SlotsTakenAway;
                Cache->SlotsTakenAway = 0;
                if (Cache->SlotsHeld != 0)
                {
                    FreeAbandoned();
                    Cache->SlotsHeld = 0;
                }

                SlotTable.GiveList(Cache->Vacant);
                Cache->Vacant = null;
                Cache->VacantCount = 0;
                CacheBudget.Release(Cache->ReservedBytes);
                Cache->ReservedBytes = 0;
            }
        }

        /// <summary>Buffers that were in use when their thread ended can have no user any more. Their slots alone still name its magazines.</summary>
        /// <safety>The thread has ended, and its free slots have left.</safety>
        private unsafe void FreeAbandoned()
        {
            Slot* slot = SlotTable.CollectByHome(&Cache->Closed, First + SizeClasses.Count - 1);
            for (Slot* each = slot; each != null; each = each->Next)
            {
                each->Generation++;
                each->Home = null;
                try
                {
                    Uncached.Free(each);
                }
                catch (Exception)
                {
                    // An allocator of the user's own that throws: there is nobody here to tell, and others to free.
                }

                each->Start = null;
                Interlocked.Increment(ref s_abandonedCount);
            }

            SlotTable.GiveList(slot);
        }
    }
}
