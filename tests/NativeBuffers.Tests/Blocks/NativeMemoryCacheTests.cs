using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Tests.Blocks;

/// <summary>What is kept is bounded, and is given back.</summary>
[Collection(ProcessWide.Name)]
public class NativeMemoryCacheTests
{
    public NativeMemoryCacheTests() => Needs.Caches();

    [Fact]
    public void The_block_that_was_freed_last_is_the_next_one()
    {
        OnNewThread(
            static () =>
            {
                for (int length = 1; length < 250_000; length = (length * 2) + 1)
                {
                    Assert.Equal(AddressOfNew(length), AddressOfNew(length));
                }
            });

        static unsafe nint AddressOfNew(int length)
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(length);
            return (nint)buffer.Pointer;
        }
    }

    [Fact]
    public void Blocks_above_the_largest_class_are_not_kept()
    {
        NativeMemoryCache.Trim();
        long before = NativeMemoryCache.CachedBytes;
        NativeBuffer.Create<byte>((int)SizeClasses.Largest + 1).Dispose();
        Assert.Equal(before, NativeMemoryCache.CachedBytes);
    }

    [Fact]
    public void What_is_kept_stays_inside_both_limits()
    {
        OnNewThread(
            static () =>
            {
                for (int length = 1; length < SizeClasses.Largest; length = (length * 5 / 4) + 1)
                {
                    Nest(length, depth: 150);
                    Assert.InRange(NativeMemoryCache.CachedBytes, 1, NativeMemoryCache.ProcessLimitBytes);
                    Assert.InRange(ThreadCaches.ByteCount, 1, NativeMemoryCache.ThreadLimitBytes * 8);
                }
            });
        NativeMemoryCache.Trim();
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 1_000_000, 1_000_000)]
    [InlineData(1_000_000, 0, 0)]
    [InlineData(100_000, 1_000_000, 1_000_000)]
    [InlineData(1_000_000, 50_000, 50_000)]
    public void Limits_are_kept_by_all_threads_together(long threadLimit, long processLimit, long expected)
    {
        // What other tests have forgotten is given back now, and not while this one counts.
        Collector.Settle();
        NativeMemoryCache.Trim();
        long alreadyReserved = CacheBudget.Reserved;
        (long thread, long process) = (CacheBudget.ThreadLimit, CacheBudget.ProcessLimit);
        try
        {
            (CacheBudget.ThreadLimit, CacheBudget.ProcessLimit) = (threadLimit, alreadyReserved + processLimit);
            var failures = new List<string>();
            long before = NativeMemoryCache.CachedBytes;
            Thread[] threads =
            [
                .. Enumerable.Range(0, 4).Select(
                    _ => new Thread(
                        () =>
                        {
                            foreach (int length in new[] { 64, 1000, 5000, 30_000, 250_000 })
                            {
                                Nest(length, depth: 100);
                                Check();
                            }
                        })),
            ];
            StartAndJoin(threads);
            Check();
            Assert.Empty(failures);

            void Check()
            {
                // While threads work, the count is a guess that may be off by what is on its way.
                long kept = NativeMemoryCache.CachedBytes - before;
                if (CacheBudget.Reserved - alreadyReserved > expected || (expected == 0 && kept > 0))
                {
                    lock (failures)
                    {
                        failures.Add($"{kept} bytes kept, {CacheBudget.Reserved - alreadyReserved} reserved.");
                    }
                }
            }
        }
        finally
        {
            (CacheBudget.ThreadLimit, CacheBudget.ProcessLimit) = (thread, process);
            NativeMemoryCache.Trim();
        }
    }

    [Fact]
    public void The_limit_of_the_process_is_not_passed_for_a_moment()
    {
        long process = CacheBudget.ProcessLimit;
        long limit = CacheBudget.ProcessLimit = CacheBudget.Reserved + 1000;
        try
        {
            new Race().Run(Reserve, Reserve, Reserve);
        }
        finally
        {
            CacheBudget.ProcessLimit = process;
        }

        void Reserve(Random random)
        {
            bool isReserved = CacheBudget.TryReserve(800);
            long reserved = CacheBudget.Reserved;
            if (isReserved)
            {
                CacheBudget.Release(800);
            }

            Assert.InRange(reserved, 0, limit);
        }
    }

    [Fact]
    public void Trim_empties_the_caches_of_this_thread_and_of_others_but_for_one_block_a_size()
    {
        OnNewThread(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                using var filled = new ManualResetEventSlim();
                using var done = new ManualResetEventSlim();
                var idle = new Thread(
                    () =>
                    {
                        Nest(4096, depth: 100);
                        filled.Set();
                        done.Wait();
                        Nest(4096, depth: 100);
                    });
                idle.Start();
                filled.Wait(TestContext.Current.CancellationToken);
                Nest(4096, depth: 100);

                // What was too much for the other thread went to the depot, and from there to this one.
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 100 * 4096, 200 * 4096);
                NativeMemoryCache.Trim();
                Assert.Equal(4096, NativeMemoryCache.CachedBytes - before);
                done.Set();
                idle.Join();
                NativeMemoryCache.Trim();
                Assert.Equal(before, NativeMemoryCache.CachedBytes);
            });
    }

    [Fact]
    public void What_ended_threads_kept_goes_to_the_next_thread_or_is_trimmed()
    {
        NativeMemoryCache.Trim();
        long before = NativeMemoryCache.CachedBytes;
        long reserved = CacheBudget.Reserved;
        for (int i = 0; i < 300; i++)
        {
            OnNewThread(static () => Nest(10_000, depth: 30));
        }

        Assert.InRange(NativeMemoryCache.CachedBytes - before, 1, 100 * 10_240);
        NativeMemoryCache.Trim();
        Assert.Equal(before, NativeMemoryCache.CachedBytes);
        Assert.Equal(reserved, CacheBudget.Reserved);
    }

    [Fact]
    public void Buffers_that_were_never_disposed_are_freed_when_their_thread_has_ended()
    {
        var allocator = new CustomAllocator();
        NativeMemoryCache.Trim();
        long abandoned = ThreadCaches.AbandonedCount;
        long before = NativeMemoryCache.CachedBytes;
        OnNewThread(
            () =>
            {
                _ = NativeBuffer.Create<int>(1000, allocator);
                _ = NativeBuffer.Create<int>(1000);
                _ = NativeBuffer.Create<int>(2000);
                _ = NativeBuffer.Create<int>(1_000_000);
                using var kept = NativeBuffer.Create<int>(1000);
            });
        Assert.Equal(1, allocator.LiveBlocks);
        NativeMemoryCache.Trim();
        Assert.Equal(0, allocator.LiveBlocks);
        Assert.Equal(4, ThreadCaches.AbandonedCount - abandoned);
        Assert.Equal(before, NativeMemoryCache.CachedBytes);
    }

    [Fact]
    public void Full_collections_give_back_what_was_not_used_since_the_one_before()
    {
        OnNewThread(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                Nest(8192, depth: 200);
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 199 * 8192, 200 * 8192);
                long kept = long.MaxValue;
                for (int i = 0; i < 100 && kept > 8192; i++)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    kept = NativeMemoryCache.CachedBytes - before;
                }

                Assert.Equal(8192, kept);
            });
    }

    [Fact]
    public void A_full_collection_that_finds_memory_short_gives_back_everything()
    {
        OnNewThread(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                Nest(8192, depth: 200);
                NativeMemoryCache.AfterFullCollection(isMemoryShort: false);
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 100 * 8192, 200 * 8192);
                NativeMemoryCache.AfterFullCollection(isMemoryShort: true);
                Assert.Equal(before, NativeMemoryCache.CachedBytes);
            });
    }

    [Fact]
    public void Room_that_idle_threads_reserved_goes_back_to_the_budget()
    {
        NativeMemoryCache.Trim();
        long before = CacheBudget.Reserved;
        using var filled = new CountdownEvent(8);
        using var done = new ManualResetEventSlim();
        Thread[] idle =
        [
            .. Enumerable.Range(0, 8).Select(
                _ => new Thread(
                    () =>
                    {
                        Nest(5000, depth: 50);
                        filled.Signal();
                        done.Wait();
                        Nest(5000, depth: 50);
                    })),
        ];
        foreach (Thread thread in idle)
        {
            thread.Start();
        }

        filled.Wait(TestContext.Current.CancellationToken);
        Assert.NotEqual(before, CacheBudget.Reserved);
        NativeMemoryCache.Trim();
        Assert.Equal(before, CacheBudget.Reserved);
        done.Set();
        foreach (Thread thread in idle)
        {
            thread.Join();
        }

        NativeMemoryCache.Trim();
        Assert.Equal(before, CacheBudget.Reserved);
    }

    [Fact]
    public void Blocks_that_one_thread_allocates_and_another_frees_use_no_more_and_more_slots()
    {
        using var handedOver = new System.Collections.Concurrent.BlockingCollection<nint>(1000);
        var freeing = new Thread(
            () =>
            {
                foreach (nint block in handedOver.GetConsumingEnumerable())
                {
                    Free(block);
                }
            });
        freeing.Start();
        Allocate(20_000);
        int slabs = SlotTable.SlabCount;
        Allocate(300_000);
        handedOver.CompleteAdding();
        freeing.Join();
        Assert.InRange(SlotTable.SlabCount - slabs, 0, 2);

        unsafe void Allocate(int count)
        {
            for (int i = 0; i < count; i++)
            {
                handedOver.Add((nint)NativeAllocator.Default.AllocateUninitialized(64));
            }
        }

        static unsafe void Free(nint block) => NativeAllocator.Default.Free((void*)block, 64);
    }

    [Fact]
    public void What_is_used_between_full_collections_is_kept()
    {
        OnNewThread(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                for (int i = 0; i < 5; i++)
                {
                    Nest(1024, depth: 20);
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    Nest(1024, depth: 20);
                    Assert.InRange(NativeMemoryCache.CachedBytes - before, 20 * 1024, 40 * 1024);
                }
            });
    }

    [Fact]
    public void Ten_million_buffers_of_mixed_sizes_leave_memory_flat()
    {
        OnNewThread(
            static () =>
            {
                Churn(200_000);
                long before = ResidentBytes();
                Churn(10_000_000);
                Assert.InRange(ResidentBytes() - before, long.MinValue, 16 * 1024 * 1024);
            });
        NativeMemoryCache.Trim();

        static void Churn(int count)
        {
            var random = new Random(5);
            for (int i = 0; i < count; i++)
            {
                int length = random.Next(1 << random.Next(4, 16));
                using var first = NativeBuffer.CreateUninitialized<byte>(length);
                if (length > 100)
                {
                    using var second = NativeBuffer.CreateUninitialized<byte>(length / 2);
                    second[0] = 1;
                    first[^1] = second[0];
                }
            }
        }

        static long ResidentBytes()
        {
            using var process = System.Diagnostics.Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }

    private static void Nest(int length, int depth)
    {
        using var buffer = NativeBuffer.CreateUninitialized<byte>(length);
        buffer[0] = 1;
        if (depth > 1)
        {
            Nest(length, depth - 1);
        }
    }

    /// <summary>A thread's cache is its own: tests that look at one start a thread.</summary>
    private static void OnNewThread(Action body)
    {
        Exception? thrown = null;
        StartAndJoin(
            new Thread(
                () =>
                {
                    try
                    {
                        body();
                    }
                    catch (Exception exception)
                    {
                        thrown = exception;
                    }
                }));
        if (thrown is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(thrown);
        }
    }

    private static void StartAndJoin(params Thread[] threads)
    {
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }
}
