using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The runs without used blocks. Some keep their memory; the rest are addresses without memory.</summary>
/// <remarks>Chunks are never unmapped. A run may serve another size class later.</remarks>
internal static class RunSpace
{
    private static readonly UninterruptedLock s_lock = new();

    /// <summary>The runs that have memory, each of which is reserved in <see cref="CacheLimits"/>.</summary>
    private static unsafe BlockRun* s_kept;
    private static int s_keptCount;
    private static int s_fewestKept;

    /// <summary>The runs whose memory was given back.</summary>
    private static unsafe BlockRun* s_discarded;

    /// <summary>The bytes of the runs that keep their memory although no block is in use.</summary>
    public static long KeptBytes => (long)Volatile.Read(ref s_keptCount) * BlockRun.Size;

    /// <summary>A run; null if memory is exhausted.</summary>
    /// <safety>The run is the caller's.</safety>
    public static unsafe BlockRun* TryTake()
    {
        using (s_lock.Enter())
        {
            if (s_kept != null)
            {
                return TakeKept();
            }

            BlockRun* run = s_discarded;
            if (run != null)
            {
                s_discarded = run->Next;
                return run;
            }

            return FreshRuns.TryTake();
        }
    }

    /// <summary>Takes runs back.</summary>
    /// <param name="list">The runs, linked by <see cref="BlockRun.Next"/>.</param>
    /// <param name="keeps">Whether they keep their memory, if the process may keep as much.</param>
    /// <safety>The caller gives up the runs, no block of which is in use.</safety>
    public static unsafe void Give(BlockRun* list, bool keeps)
    {
        while (list != null)
        {
            BlockRun* run = list;
            list = run->Next;
            bool isKept = keeps && CacheLimits.TryReserve(BlockRun.Size);
            if (!isKept)
            {
                BlockRun.Discard(run);
            }

            using (s_lock.Enter())
            {
                ref BlockRun* target = ref s_discarded;
                if (isKept)
                {
                    target = ref s_kept;
                    s_keptCount++;
                }

                run->Next = target;
                target = run;
            }
        }
    }

    /// <summary>Gives the memory of kept runs back: of all, or of as many as no thread needed since the last such call.</summary>
    public static void Trim(bool idleOnly)
    {
        int most;
        using (s_lock.Enter())
        {
            most = idleOnly ? s_fewestKept : s_keptCount;
            s_fewestKept = s_keptCount - most;
            FreshRuns.Trim(idleOnly);
        }

        unsafe
        {
            // SAFETY: a run that was taken out of the list belongs to this method.
            for (; most > 0; most--)
            {
                BlockRun* run;
                using (s_lock.Enter())
                {
                    if (s_kept == null)
                    {
                        return;
                    }

                    run = TakeKept();
                    run->Next = null;
                }

                Give(run, keeps: false);
            }
        }
    }

    /// <safety>The caller holds the lock, and a run is kept. It is the caller's.</safety>
    private static unsafe BlockRun* TakeKept()
    {
        BlockRun* run = s_kept;
        s_kept = run->Next;
        s_fewestKept = int.Min(s_fewestKept, --s_keptCount);
        CacheLimits.Release(BlockRun.Size);
        return run;
    }
}
