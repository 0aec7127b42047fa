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
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        int sizeClass = SizeClasses.Of(byteCount);
        void* block = cache->Bare != null ? Bin.TryTakeBare(BareBins.At(cache->Bare, sizeClass)) : null;
        block = block != null ? block : TakeSlow(cache, sizeClass);
        if (block != null)
        {
            AllocationCounts.Add(ref cache->Counts.Settled[sizeClass], 1);
            if (zeroed)
            {
                CacheLine.Clear((byte*)block, byteCount);
            }
        }

        return block;
    }

    /// <summary>Gives a block back.</summary>
    /// <safety>The caller gives up the block, which comes from a run. On any thread.</safety>
    public static unsafe void Give(void* block, nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        int sizeClass = SizeClasses.Of(byteCount);
        if (cache == null || cache->Bare == null || !Bin.TryGiveBare(BareBins.At(cache->Bare, sizeClass), block))
        {
            GiveSlow(cache, sizeClass, block);
        }
    }

    /// <safety>The cache is this thread's. The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* TakeSlow(ThreadCache* cache, int sizeClass)
    {
        Bin* bin = BareBins.TryOpen(cache, sizeClass);
        if (bin != null && bin->HasRoom)
        {
            void* block = bin->TrySwap(wanted: true) ? Bin.TryTakeBare(bin) : null;
            block = block != null ? block : Refill(cache, bin);
            if (block != null)
            {
                return block;
            }
        }

        AllocationCounts.Add(ref cache->Counts.Fresh[sizeClass], 1);
        return BlockSource.TryAllocate(sizeClass);
    }

    /// <summary>Fills a magazine, and takes its first block; null if memory is exhausted, or if a visitor came in between.</summary>
    /// <inheritdoc cref="TakeSlow" path="/safety"/>
    private static unsafe void* Refill(ThreadCache* cache, Bin* bin)
    {
        Magazine* magazine = FailPoint.IsRefused ? null : Depot.For(bin->SizeClass).TryTakeEmpty();
        if (magazine == null)
        {
            return null;
        }

        // The last one leaves first.
        var blocks = new Span<nint>(Magazine.Slots(magazine), magazine->Capacity);
        magazine->Count = RunClass.For(bin->SizeClass).Take(blocks);
        blocks[..magazine->Count].Reverse();
        if (magazine->Count != 0)
        {
            AllocationCounts.Add(ref cache->Counts.Fresh[bin->SizeClass], 1);
        }

        BareBins.Give(bin->Push(magazine), bin->SizeClass, keepsEmpty: true);
        return Bin.TryTakeBare(bin);
    }

    /// <safety>The cache is this thread's, or null. The caller gives up the block.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void GiveSlow(ThreadCache* cache, int sizeClass, void* block)
    {
        Bin* bin = cache == null ? null : BareBins.TryOpen(cache, sizeClass);
        if (bin != null && bin->HasRoom)
        {
            if (!bin->TrySwap(wanted: false))
            {
                // Both magazines are full: the older one is emptied.
                Magazine* empty = Depot.For(sizeClass).TryTakeEmpty();
                if (empty != null)
                {
                    BareBins.Give(bin->Push(empty), sizeClass, keepsEmpty: true);
                }
            }

            if (Bin.TryGiveBare(bin, block))
            {
                return;
            }
        }

        BlockSource.Free(block, sizeClass);
    }
}
