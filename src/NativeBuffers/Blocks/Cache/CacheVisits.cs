using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>What one thread does with the caches of living threads: takes their free blocks, and empties their outboxes.</summary>
internal static class CacheVisits
{
    /// <summary>
    /// Moves the magazines of every thread to the depots: all, or only those that were not used since the last call. Hot blocks stay.
    /// </summary>
    public static void Trim(bool idleOnly)
    {
        FlushOutboxes();
        unsafe
        {
            // SAFETY: the visits take these slots out of the caches, so they belong to this method.
            Slot* large = null;
            Visit(idleOnly, ref large);
            LargePath.Free(large);
        }
    }

    /// <summary>Settles the closes that threads have put aside, and sends the slots in all outboxes to their homes.</summary>
    /// <remarks>Call it before a count of the blocks in use.</remarks>
    public static void FlushOutboxes()
    {
        unsafe
        {
            // SAFETY: caches are never unmapped.
            for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
            {
                Outbox.Visit(&cache->Outbox, ThreadCaches.Gate, &cache->IsReclaimed);
            }

            // The slots of settled closes are in the outbox of this thread.
            _ = ThreadCache.Records(out Bin* mine);
            if (mine != null)
            {
                Outbox.Visit(&ThreadCache.Of(mine)->Outbox, ThreadCaches.Gate, &ThreadCache.Of(mine)->IsReclaimed);
            }
        }
    }

    /// <summary>Moves the remote frees of a cache, of one size, to the depot.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe void Drain(ThreadCache* cache, int sizeClass)
    {
        using (ThreadCaches.Gate.Enter())
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
    public static unsafe void TakeRemoteFrees(ThreadCache* cache, int sizeClass)
    {
        // First take, then the barrier, then look whether the slots are still taken: one barrier for many slots.
        const int Most = 64;
        Slot** taken = stackalloc Slot*[Most];
        Generation* closing = stackalloc Generation[Most];
        RemoteBatch* batch = RemoteFrees.TakeAll(ThreadCache.FreesOf(cache, sizeClass));
        while (batch != null)
        {
            int count = 0;
            while (batch != null && count + batch->Count <= Most)
            {
                count += RemoteFrees.TakeSlots(batch, taken + count, closing + count);
                NativeMemoryCache.Dequeue(batch->ByteCount);
                batch = Outbox.GiveBack(batch);
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

    /// <inheritdoc cref="Trim"/>
    /// <safety>The slots of the list are the caller's from now on.</safety>
    private static unsafe void Visit(bool idleOnly, ref Slot* large)
    {
        using (ThreadCaches.Gate.Enter())
        {
            foreach ((_, nint cache) in ThreadCaches.Entries)
            {
                ((ThreadCache*)cache)->Large.Announce();
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    ThreadCache.BinOf((ThreadCache*)cache, i)->Announce();
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
                        Drain(cache, i);
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
}
