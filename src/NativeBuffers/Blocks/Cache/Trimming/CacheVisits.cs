using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Trimming;

/// <summary>A visit of the caches of all threads that live, which takes their free blocks.</summary>
internal static class CacheVisits
{
    /// <summary>
    /// Moves the magazines of every thread to the depots: all, or only those that were not used since the last call. Hot blocks stay.
    /// </summary>
    public static void Trim(bool idleOnly)
    {
        RemotePath.FlushOutboxes();
        unsafe
        {
            // SAFETY: the visits take these slots out of the caches, so they belong to this method.
            Slot* large = null;
            Visit(idleOnly, ref large);
            PageSource.Free(large);
        }
    }

    /// <summary>
    /// Takes the runs with free blocks from every thread: all, or only those that were not used since the last call. After the depots were trimmed,
    /// whose blocks may lie in these runs.
    /// </summary>
    public static void TrimRuns(bool idleOnly)
    {
        using (ThreadCaches.Gate.Enter())
        {
            unsafe
            {
                // SAFETY: caches are never unmapped. The visits are announced before the barrier.
                AnnounceRuns();
                foreach ((_, nint cache) in ThreadCaches.Entries)
                {
                    BareBins.VisitAway((ThreadCache*)cache);
                }

                foreach ((_, nint cache) in ThreadCaches.Entries)
                {
                    BareBins.Visit((ThreadCache*)cache, idleOnly);
                }
            }
        }
    }

    /// <summary>Collects the blocks without slots that other threads than the owners of their runs have freed.</summary>
    public static void CollectReturned()
    {
        using (ThreadCaches.Gate.Enter())
        {
            unsafe
            {
                // SAFETY: the entries are addresses of caches, which are never unmapped. The lock keeps other visitors away, and AnnounceRuns the owners.
                AnnounceRuns();
                foreach ((_, nint cache) in ThreadCaches.Entries)
                {
                    BareBins.VisitReturned((ThreadCache*)cache);
                }
            }
        }
    }

    /// <summary>Frees the empty magazines of the depots.</summary>
    public static void FreeMagazines()
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            unsafe
            {
                // SAFETY: the magazines belong to this method, because the depot has unlinked them. A thread that counts kept bytes follows
                // the pointers of bins under this lock. The bins had lost these magazines before it can have the lock again.
                Magazine* empty = Depot.For(i).TakeEmpty();
                using (ThreadCaches.Gate.Enter())
                {
                    Magazine.Free(empty);
                }
            }
        }
    }

    /// <safety>The caller has the lock of the caches, and visits the runs of all threads next.</safety>
    private static unsafe void AnnounceRuns()
    {
        foreach ((_, nint cache) in ThreadCaches.Entries)
        {
            BareBins.Announce((ThreadCache*)cache);
        }

        Interlocked.MemoryBarrierProcessWide();
    }

    /// <inheritdoc cref="Trim"/>
    /// <safety>The slots of the list are the caller's from now on.</safety>
    private static unsafe void Visit(bool idleOnly, ref Slot* large)
    {
        using (ThreadCaches.Gate.Enter())
        {
            foreach ((_, nint cache) in ThreadCaches.Entries)
            {
                ((ThreadCache*)cache)->Large.Gate.Announce();
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    ThreadCache.BinOf((ThreadCache*)cache, i)->Gate.Announce();
                }
            }

            Interlocked.MemoryBarrierProcessWide();
            foreach ((_, nint cache) in ThreadCaches.Entries)
            {
                Visit((ThreadCache*)cache, idleOnly);
                int count = LargeBin.Visit(&((ThreadCache*)cache)->Large, idleOnly, ref large);
                _ = Interlocked.Add(ref ((ThreadCache*)cache)->SlotsTakenAway, count);
            }

            for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
            {
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    if (!ThreadCache.FreesOf(cache, i)->IsEmpty)
                    {
                        RemotePath.Drain(cache, i);
                    }
                }
            }
        }
    }

    /// <safety>The visit of the cache was announced, and a barrier of the whole process came after.</safety>
    private static unsafe void Visit(ThreadCache* cache, bool idleOnly)
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Bin* bin = ThreadCache.BinOf(cache, i);
            bin->Gate.WaitForOwner();
            if (bin->HasRoom && (bin->WasIdle() || !idleOnly))
            {
                // The room goes back too: while it is reserved, other threads cannot have it.
                _ = Interlocked.Add(ref cache->SlotsTakenAway, Depot.For(i).GiveAll(bin));
                cache->Room.Release(i);
            }

            bin->Gate.EndVisit();
        }
    }
}
