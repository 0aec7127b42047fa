using System.Runtime.CompilerServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Stats;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>Tests that only a process that tracks its blocks can run.</summary>
[Collection(ProcessWide.Name)]
public class InstrumentedPathTests
{
    [Fact]
    public void Each_buffer_is_instrumented_after_any_number_of_buffers()
    {
        Assert.SkipUnless(NativeMemoryTracker.IsTracking, "This process does not track its blocks.");
        OtherThread.Run(static () =>
        {
            // One is hot after the hooks have run, and the countdown of samples is at its end.
            Create(3, static () => { });
            unsafe
            {
                // SAFETY: the bin is this thread's.
                ThreadCache.Current()->Opened(SizeClasses.Of(64))->UntilSample = int.MinValue + 1;
            }

            Create(10, static () => Assert.Equal(10, Alive()));
            Create(10, static () => Assert.Equal(10, Alive()));
        });
    }

    [Fact]
    public void A_slot_that_a_thread_keeps_for_its_next_buffer_counts_as_free_and_is_not_lost()
    {
        Assert.SkipUnless(NativeMemoryTracker.IsTracking, "This process does not track its blocks.");
        Collector.Settle();
        Reclaim();
        long abandoned = EndedThreads.AbandonedCount;
        long inUse = SlotsInUse;
        AllocationCensus before = AllocationCensus.Take();
        for (int thread = 0; thread < 20; thread++)
        {
            OtherThread.Run(() =>
            {
                for (int round = 0; round < 10; round++)
                {
                    using var first = NativeBuffer.Create<int>(16);
                    using var second = NativeBuffer.Create<int>(16);
                    first.AsSpan().Fill(1);
                    second.AsSpan().Fill(2);
                    Assert.Equal(-1, first.AsSpan().IndexOfAnyExcept(1));
                }

                Assert.Equal(before.Blocks[AllocationCounts.Foreign], AllocationCensus.Take().Blocks[AllocationCounts.Foreign]);
            });
        }

        Reclaim();
        Assert.Equal(before.Allocations[AllocationCounts.Foreign] + 400, AllocationCensus.Take().Allocations[AllocationCounts.Foreign]);
        Assert.Equal(abandoned, EndedThreads.AbandonedCount);
        Assert.InRange(SlotsInUse, 0, inUse);
    }

    private static long SlotsInUse => ((long)SlotTable.Slabs().Length * SlotTable.SlabLength) - SlotTable.VacantCount;

    /// <summary>The next thread that uses buffers takes the caches of ended threads.</summary>
    private static void Reclaim()
    {
        OtherThread.Run(static () => EndedThreads.Reclaim());
        NativeMemoryCache.Trim();
    }

    private static long Alive([CallerFilePath] string file = "") =>
        NativeMemoryTracker.TakeSnapshot().Sites.Where(site => site.FilePath == file).Sum(static site => site.BlockCount);

    private static void Create(int depth, Action body)
    {
        if (depth == 0)
        {
            body();
            return;
        }

        using var buffer = NativeBuffer.CreateUninitialized<byte>(64);
        Create(depth - 1, body);
    }
}
