using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>Every thread's cache: who has one, what threads that ended left behind, and trimming from outside.</summary>
internal static class ThreadCaches
{
    private static readonly Lock s_gate = new();
    private static readonly List<Entry> s_entries = [];

    /// <summary>Caches of ended threads, for the next ones.</summary>
    private static readonly Stack<nint> s_unused = [];

    private static long s_abandonedCount;

    /// <summary>How many buffers were still in use when their thread ended; they were freed then.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>What the threads' lists and hot blocks hold, in bytes; while they work, a good guess.</summary>
    public static long ByteCount
    {
        get
        {
            long sum = 0;
            lock (s_gate)
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
        ReclaimEnded();
        lock (s_gate)
        {
            ThreadCache* cache = s_unused.TryPop(out nint unused) ? (ThreadCache*)unused : TryCreate();
            if (cache != null)
            {
                s_entries.Add(new Entry(thread, cache));
            }

            CollectionWatch.Start();
            return cache;
        }
    }

    /// <summary>Frees what ended threads left: free blocks, and blocks that were never given back.</summary>
    public static void ReclaimEnded()
    {
        List<Entry>? ended = null;
        lock (s_gate)
        {
            for (int i = s_entries.Count - 1; i >= 0; i--)
            {
                if (!s_entries[i].Thread.IsAlive)
                {
                    (ended ??= []).Add(s_entries[i]);
                    s_entries.RemoveAt(i);
                }
            }
        }

        if (ended is null)
        {
            return;
        }

        // The threads wrote last without any barrier; theirs have ended, ours is here.
        Interlocked.MemoryBarrierProcessWide();
        foreach (Entry entry in ended)
        {
            entry.Reclaim();
            lock (s_gate)
            {
                unsafe
                {
                    // SAFETY: a number is stored; the cache was emptied, and its thread is gone.
                    s_unused.Push((nint)entry.Cache);
                }
            }
        }
    }

    /// <summary>Moves every thread's lists to the depot, all or only those not used since the last call. Hot blocks stay.</summary>
    public static void Trim(bool idleOnly)
    {
        lock (s_gate)
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
        cache->Closed.Cache = cache;
        cache->Closed.Hot = Magazine.NoRoom;
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Magazine* magazine = (Magazine*)&cache->Row + i;
            magazine->Cache = cache;
            magazine->SizeClass = i;
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
                        Magazine* magazine = First + i;
                        long count = magazine->Loaded.Count + magazine->Previous.Count + (magazine->Hot == null ? 0 : 1);
                        sum += count * (long)SizeClasses.SizeOf(i);
                    }
                }

                return sum;
            }
        }

        private unsafe Magazine* First => (Magazine*)&Cache->Row;

        public void Announce()
        {
            unsafe
            {
                // SAFETY: caches are never unmapped, and the caller holds the lock of visitors.
                Cache->Gate.Announce();
            }
        }

        /// <summary>After <see cref="Announce"/> and the process-wide barrier.</summary>
        public void Visit(bool idleOnly)
        {
            unsafe
            {
                // SAFETY: between WaitForOwner and EndVisit the owner touches neither the lists nor the count.
                Cache->Gate.WaitForOwner();
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    Magazine* magazine = First + i;
                    if (magazine->IsBusy && idleOnly)
                    {
                        magazine->IsBusy = false;
                        continue;
                    }

                    Take(magazine);
                }

                Cache->Gate.EndVisit();
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
                    Magazine* magazine = First + i;
                    Cache->FlushHot(magazine);
                    Take(magazine);
                    magazine->IsOpen = false;
                    magazine->Capacity = 0;
                }

                if (Cache->SlotsHeld != 0)
                {
                    FreeAbandoned();
                }

                SlotTable.GiveList(Cache->Vacant);
                Cache->Vacant = null;
                CacheBudget.Release(Cache->ReservedBytes);
                Cache->ReservedBytes = 0;
            }
        }

        /// <safety>The owner is out of the gate, or has ended.</safety>
        private unsafe void Take(Magazine* magazine)
        {
            Bundle loaded = Bundle.Take(ref magazine->Loaded);
            Bundle previous = Bundle.Take(ref magazine->Previous);
            Cache->SlotsHeld -= loaded.Count + previous.Count;
            Depot.Give(magazine->SizeClass, loaded);
            Depot.Give(magazine->SizeClass, previous);
        }

        /// <summary>Buffers that were in use when their thread ended can have no user any more.</summary>
        /// <safety>The thread has ended, and its free slots have left.</safety>
        private unsafe void FreeAbandoned()
        {
            Slot* slot = SlotTable.CollectByHome(&Cache->Closed, First + SizeClasses.Count - 1);
            for (Slot* each = slot; each != null; each = each->Next)
            {
                each->Generation++;
                each->Home = null;
                Uncached.Free(each);
                each->Start = null;
                Cache->SlotsHeld--;
                Interlocked.Increment(ref s_abandonedCount);
            }

            SlotTable.GiveList(slot);
        }
    }
}
