using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of a block of up to 16 KiB without a slot, from the runs to a caller of the default allocator and back.</summary>
/// <remarks>Such a block has no generation, so it needs no slot. Many of them are live in some programs, and a slot would double their memory.</remarks>
internal static class BarePath
{
    /// <summary>A block; null if memory is exhausted.</summary>
    /// <safety>The block is the caller's.</safety>
    public static unsafe void* TryTake(nuint byteCount, bool zeroed)
    {
        ThreadCache* cache = ThreadCache.CurrentOrNone;
        int sizeClass = SizeClasses.Of(byteCount);
        BareBins* bins;
        if (cache != null && (bins = cache->Bare) != null)
        {
            if (bins->Gate.Begin() == 0)
            {
                void* block = OwnedRuns.TryTake(BareBins.At(bins, sizeClass));
                if (block != null)
                {
                    bins->Gate.Leave();
                    return Taken(cache, sizeClass, block, byteCount, zeroed);
                }
            }

            bins->Gate.Leave();
        }

        return TakeSlow(sizeClass, byteCount, zeroed);
    }

    /// <summary>Gives a block back.</summary>
    /// <safety>The caller gives up the block, which comes from a run. On any thread.</safety>
    public static unsafe void Give(void* block)
    {
        ThreadCache* cache = ThreadCache.CurrentOrNone;
        BareBins* bins;
        if (cache == null || (bins = cache->Bare) == null)
        {
            GiveSlow(block);
            return;
        }

        BlockRun* run = BlockRun.Of((nint)block);
        if (bins->Gate.Begin() == 0 && run->OwnerNumber == bins->Number)
        {
            if (BlockRun.Give(run, (nint)block))
            {
                LeaveTurned(bins, run);
                return;
            }

            bins->Gate.Leave();
            return;
        }

        bins->Gate.Leave();
        BareBins.GiveAway(cache, bins, (nint)block);
    }

    /// <summary>Counts the allocation, and clears the block if it must be.</summary>
    /// <safety>The cache is this thread's. The block has this many bytes, and is the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void* Taken(ThreadCache* cache, int sizeClass, void* block, nuint byteCount, bool zeroed)
    {
        AllocationCounts.Add(ref *AllocationCounts.SettledOf(&cache->Counts, sizeClass), 1);
        if (zeroed)
        {
            CacheLine.Clear((byte*)block, byteCount);
        }

        return block;
    }

    /// <safety>The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* TakeSlow(int sizeClass, nuint byteCount, bool zeroed)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        BareBins* bins = BareBins.TryMake(cache);
        void* block = bins == null ? null : BareBins.TryTakeNext(cache, bins, sizeClass);
        if (block == null)
        {
            AllocationCounts.Add(ref cache->Counts.Fresh[sizeClass], 1);
            block = BlockSource.TryAllocate(sizeClass);
        }

        return block == null ? null : Taken(cache, sizeClass, block, byteCount, zeroed);
    }

    /// <summary>Looks at the lists of runs after a free, and leaves.</summary>
    /// <safety>As for <see cref="OwnedRuns.Turn"/>.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void LeaveTurned(BareBins* bins, BlockRun* run)
    {
        bool leaves = BareBins.At(bins, run->SizeClass)->Turn(run);
        bins->Gate.Leave();
        if (leaves)
        {
            RunClass.For(run->SizeClass).TakeEmpty(run);
        }
    }

    /// <safety>The caller gives up the block.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void GiveSlow(void* block)
    {
        ThreadCache* cache = ThreadCache.Current();
        BareBins* bins = cache == null ? null : BareBins.TryMake(cache);
        if (bins != null)
        {
            BareBins.GiveAway(cache, bins, (nint)block);
        }
        else
        {
            BlockSource.Free(block, sizeClass: 0);
        }
    }
}
