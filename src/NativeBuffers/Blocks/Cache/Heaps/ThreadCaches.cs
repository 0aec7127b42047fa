using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The list of the caches of all threads.</summary>
internal static class ThreadCaches
{
    /// <summary>
    /// The number of threads that a new thread checks for their end, in 0.2 µs. Where more threads live, later threads, a trim, or the callback
    /// after a full collection find the remaining ends.
    /// </summary>
    public const int LooksOfNewThread = 4;

    /// <summary>
    /// The number of threads that it checks besides for each ended one. If threads end as often as new ones begin, 20 looks find one end, so
    /// one in twenty caches waits.
    /// </summary>
    public const int LooksAfterEnded = 16;

    /// <summary>The fractional part of the golden ratio, in units of 2^-32. Its multiples are spread evenly (Knuth, volume 3, 6.4).</summary>
    private const uint GoldenRatio = 0x9E3779B9;

    private static readonly UninterruptedLock s_lock = new();

    /// <summary>The threads that have a cache, and their caches as addresses.</summary>
    private static readonly GrowingArray<Entry> s_entries = new();

    /// <summary>Looks at all threads go down from here, and begin again at the last entry.</summary>
    private static int s_nextLook;

    /// <summary>Looks at some of all threads are spread over the entries by this number, in units of 2^-32.</summary>
    private static uint s_spread;

    /// <summary>All caches ever made, linked by <see cref="ThreadCache.NextCreated"/>.</summary>
    private static nint s_created;

    /// <summary>Caches of ended threads, for the next threads.</summary>
    private static unsafe ThreadCache* s_unused;

    /// <summary>The bytes in the bins of all threads; a good guess while they work.</summary>
    public static long ByteCount
    {
        get
        {
            long sum = 0;
            using (s_lock.Enter())
            {
                foreach ((_, nint cache) in s_entries.AsSpan())
                {
                    unsafe
                    {
                        // SAFETY: caches are never unmapped. Their threads may change the counts now, so this is a guess.
                        sum += ((ThreadCache*)cache)->Large.HeldBytes + BareBins.BytesOf((ThreadCache*)cache);
                        for (int i = 0; i < SizeClasses.Count; i++)
                        {
                            Bin* bin = ThreadCache.BinOf((ThreadCache*)cache, i);
                            nint hot = bin->ReadHot();
                            bool isHot = hot == (nint)Bin.NoRoom ? ((ThreadCache*)cache)->Withdrawn.HasAny(i) : hot != 0;
                            sum += (bin->Count + (isHot ? 1 : 0)) * (long)SizeClasses.SizeOf(i);
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
                // SAFETY: the list has each cache that was ever created, and ends with null. Caches are never unmapped, and the count may be old.
                for (ThreadCache* cache = LastCreated; cache != null; cache = cache->NextCreated)
                {
                    sum += cache->Outbox.ByteCount;
                }
            }

            return sum;
        }
    }

    /// <summary>The lock of the lists, and of visitors.</summary>
    public static UninterruptedLock Lock => s_lock;

    /// <summary>The threads that have a cache. Under the lock.</summary>
    public static ReadOnlySpan<Entry> Entries => s_entries.AsSpan();

    /// <summary>The cache made last; <see cref="ThreadCache.NextCreated"/> leads to the rest.</summary>
    /// <safety>Caches are never unmapped. Their threads write to them.</safety>
    public static unsafe ThreadCache* LastCreated => (ThreadCache*)Volatile.Read(ref s_created);

    /// <summary>Makes a cache for a thread that has none; null when memory is exhausted.</summary>
    /// <safety>The caller runs on <paramref name="thread"/>, and keeps the result where only that thread finds it.</safety>
    public static unsafe ThreadCache* TryRegister(Thread thread)
    {
        using (s_lock.Enter())
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

    /// <summary>A name of this thread: the address of its cache; 0 if it has none.</summary>
    public static nint NameOfThisThread
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: the pointer is a name, and not followed.
                return (nint)ThreadCache.Mine;
            }
        }
    }

    /// <summary>Whether the thread that had the cache has ended, and no other thread has the cache now.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public static unsafe bool HasEnded(ThreadCache* cache)
    {
        using (s_lock.Enter())
        {
            for (int i = 0; i < s_entries.Count; i++)
            {
                if (s_entries[i].Cache == (nint)cache)
                {
                    return !s_entries[i].Thread.IsAlive;
                }
            }
        }

        return true;
    }

    /// <summary>The cache of a thread that has ended, and leaves the list; null when there is none.</summary>
    /// <param name="most">The most threads to look at; afterwards, the number that is left.</param>
    /// <param name="all">Whether all threads are looked at in turn; or else the newest one, and some of all.</param>
    /// <safety>The cache is the caller's from now on.</safety>
    public static unsafe ThreadCache* TryRemoveEnded(ref int most, bool all)
    {
        using (s_lock.Enter())
        {
            most = int.Min(most, s_entries.Count);
            for (int look = s_entries.Count - 1; most > 0; most--)
            {
                look = all ? NextLook() : look;
                if (!s_entries[look].Thread.IsAlive)
                {
                    // The last entry takes the place, and is looked at next.
                    var cache = (ThreadCache*)s_entries[look].Cache;
                    s_entries.RemoveUnordered(look);
                    s_nextLook += all ? 1 : 0;
                    cache->IsReclaimed = true;
                    return cache;
                }

                look = (int)(((ulong)(s_spread += GoldenRatio) * (uint)s_entries.Count) >> 32);
            }
        }

        return null;
    }

    /// <summary>Keeps a cache for a new thread.</summary>
    /// <safety>The cache comes from <see cref="TryRemoveEnded"/>, is empty, and no longer the caller's.</safety>
    public static unsafe void GiveUnused(ThreadCache* cache)
    {
        using (s_lock.Enter())
        {
            cache->IsReclaimed = false;
            cache->NextUnused = s_unused;
            s_unused = cache;
        }
    }

    /// <summary>The next entry in turn. Under the lock, and not without an entry.</summary>
    private static int NextLook() => s_nextLook = (s_nextLook > 0 && s_nextLook < s_entries.Count ? s_nextLook : s_entries.Count) - 1;

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
