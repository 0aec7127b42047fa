using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of a block of up to 16 KiB without a slot, from the runs to a caller of the default allocator and back.</summary>
/// <remarks>Such a block has no generation, so it needs no slot. Many of them are live in some programs, and a slot would double their memory.</remarks>
internal static class BarePath
{
    /// <summary>A block of this thread's current run, inlined; null if there is none.</summary>
    /// <safety>The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* TryTakeHere(nuint byteCount)
    {
        // One comparison refuses zero, too, which wraps.
        nuint last = byteCount - 1;
        BareBins* bins;
        if (last >= BlockRun.LargestBlock || (bins = BareBins.Mine) == null)
        {
            return null;
        }

        void* block = bins->Gate.Begin() == 0 ? OwnedRuns.TryTake(BareBins.At(bins, (int)SizeClasses.OfLast((uint)last))) : null;
        bins->Gate.Leave();
        return block;
    }

    /// <summary>Gives a block back to a run of this thread, inlined; false if the run is another thread's, and during a visit.</summary>
    /// <safety>The caller gives up the block if the result is true. The block comes from a run.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGiveHere(void* block)
    {
        BareBins* bins = BareBins.Mine;
        if (bins == null)
        {
            return false;
        }

        BlockRun* run = BlockRun.Of((nint)block);
        if (bins->Gate.Begin() == 0 && run->OwnerNumber == bins->Number)
        {
            if (BlockRun.Give(run, (nint)block))
            {
                LeaveTurned(bins, run);
            }
            else
            {
                bins->Gate.Leave();
            }

            return true;
        }

        bins->Gate.Leave();
        return false;
    }

    /// <summary>A block; null if memory is exhausted.</summary>
    /// <safety>The block is the caller's.</safety>
    public static unsafe void* TryTake(nuint byteCount, bool zeroed)
    {
        void* block = TryTakeHere(byteCount);
        block = block != null ? block : TakeSlow(SizeClasses.Of(byteCount));
        if (zeroed && block != null)
        {
            CacheLine.Clear((byte*)block, byteCount);
        }

        return block;
    }

    /// <summary>Gives a block back.</summary>
    /// <safety>The caller gives up the block, which comes from a run. On any thread.</safety>
    public static unsafe void Give(void* block)
    {
        if (!TryGiveHere(block))
        {
            GiveSlow(block);
        }
    }

    /// <safety>The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* TakeSlow(int sizeClass)
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
            AllocationCounts.Add(ref cache->Counts.Settled[sizeClass], block == null ? 0 : 1);
        }

        return block;
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
