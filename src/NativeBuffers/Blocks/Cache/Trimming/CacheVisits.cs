using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Trimming;

/// <summary>A visit of the caches of all threads that live, which takes their free blocks.</summary>
internal static class CacheVisits
{
    /// <summary>
    /// Moves the magazines of every thread to the depots: all, or only those that were not used since the last call. The hot blocks, too, of this thread
    /// and of threads that wait.
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
        using (ThreadCaches.Lock.Enter())
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
        using (ThreadCaches.Lock.Enter())
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
                using (ThreadCaches.Lock.Enter())
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
        using (ThreadCaches.Lock.Enter())
        {
            bool usesHot = false;
            foreach ((Thread thread, nint cache) in ThreadCaches.Entries)
            {
                ((ThreadCache*)cache)->Large.Gate.Announce();
                usesHot |= Announce((ThreadCache*)cache, WithdrawnBlocks.IsAtRest(thread), idleOnly);
            }

            IdleTimer.UsesHot = usesHot;
            Interlocked.MemoryBarrierProcessWide();
            foreach ((Thread thread, nint cache) in ThreadCaches.Entries)
            {
                Visit((ThreadCache*)cache, WithdrawnBlocks.IsAtRest(thread), idleOnly);
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

    /// <summary>Announces a visit of the bins, and withdraws hot blocks.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="isAtRest">Whether its thread seems to be at rest.</param>
    /// <param name="idleOnly">Whether the thread keeps what it has used since the last call.</param>
    /// <returns>Whether a hot block is another one than at the last call.</returns>
    /// <safety>The caller has the lock of the caches, and visits the cache after a barrier of the whole process.</safety>
    private static unsafe bool Announce(ThreadCache* cache, bool isAtRest, bool idleOnly)
    {
        bool usesHot = false;
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Bin* bin = ThreadCache.BinOf(cache, i);
            bin->Gate.Announce();
            bool wasIdle = bin->WasHotIdle(out bool isEmpty);
            usesHot |= !wasIdle;
            if (!isEmpty && isAtRest && (wasIdle || !idleOnly))
            {
                WithdrawnBlocks.Withdraw(cache, i);
            }
        }

        return usesHot;
    }

    /// <safety>The visit of the cache was announced, and a barrier of the whole process came after. Then the thread was at rest, or not.</safety>
    private static unsafe void Visit(ThreadCache* cache, bool isAtRest, bool idleOnly)
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            Slot* hot = cache->Withdrawn.HasAny(i) ? WithdrawnBlocks.Settle(cache, i, isAtRest) : null;
            if (hot != null)
            {
                _ = Interlocked.Increment(ref cache->SlotsTakenAway);
                Depot.For(i).GiveOne(hot);
            }

            // A bin whose hot place is closed has no magazines, so its owner comes to the path that opens both.
            Bin* bin = ThreadCache.BinOf(cache, i);
            bin->Gate.WaitForOwner();
            if (bin->HasRoom && (bin->WasIdle() || !idleOnly || bin->ReadHot() == (nint)Bin.NoRoom))
            {
                // The room goes back too: while it is reserved, other threads cannot have it.
                _ = Interlocked.Add(ref cache->SlotsTakenAway, Depot.For(i).GiveAll(bin));
                cache->Room.Release(i);
            }

            bin->Gate.EndVisit();
        }
    }
}
