using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;

namespace NativeBuffers.Tests.Blocks.Cache.Trimming;

/// <summary>The caches keep blocks that are used again, and free the rest.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class NativeMemoryCacheTests
{
    public NativeMemoryCacheTests() => Needs.Caches();

    [Fact]
    public void The_block_that_was_freed_last_is_the_next_one()
    {
        OtherThread.Run(
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
    public void Trim_empties_this_threads_cache_and_leaves_at_most_one_block_of_a_size_in_another_threads()
    {
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                using var filled = new ManualResetEventSlim();
                using var done = new ManualResetEventSlim();
                var idle = new Thread(
                    () =>
                    {
                        NestedBuffers.Use(4096, depth: 100);
                        filled.Set();
                        done.Wait();
                        NestedBuffers.Use(4096, depth: 100);
                    });
                idle.Start();
                filled.Wait(TestContext.Current.CancellationToken);
                NestedBuffers.Use(4096, depth: 100);

                // The second thread moved its surplus to the depot, and this thread took it from there.
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 100 * 4096, 200 * 4096);
                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before + 4096);
                done.Set();
                idle.Join();
                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before);
            });
    }

    [Fact]
    public void Blocks_of_ended_threads_go_to_the_next_thread_or_are_trimmed()
    {
        NativeMemoryCache.Trim();
        long before = NativeMemoryCache.CachedBytes;
        long reserved = CacheLimits.ReservedBytes;
        for (int i = 0; i < 300; i++)
        {
            OtherThread.Run(static () => NestedBuffers.Use(10_000, depth: 30));
        }

        Assert.InRange(NativeMemoryCache.CachedBytes - before, 1, 100 * 10_240);
        NativeMemoryCache.Trim();
        Kept.AssertAtMost(before);
        Kept.AssertReservedAtMost(reserved);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Buffers_that_were_never_disposed_are_freed_when_their_thread_has_ended()
    {
        var allocator = new CustomAllocator();
        NativeMemoryCache.Trim();
        long abandoned = EndedThreads.AbandonedCount;
        long before = NativeMemoryCache.CachedBytes;
        OtherThread.Run(
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

        // A thread of an earlier test may have ended too.
        Assert.InRange(EndedThreads.AbandonedCount - abandoned, 4, long.MaxValue);
        Kept.AssertAtMost(before);
    }

    [Fact]
    public void Some_passes_free_blocks_that_are_idle()
    {
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                NestedBuffers.Use(8192, depth: 200);
                NativeBuffer.Create<byte>(1_000_000).Dispose();
                Assert.InRange(NativeMemoryCache.CachedBytes - before, (199 * 8192) + 1_000_000, (200 * 8192) + 1_048_576);
                for (int i = 0; i < 4; i++)
                {
                    IdleTimer.Pass();
                }

                // The hot block, too: this thread itself makes the passes.
                Kept.AssertAtMost(before);
            });
    }

    [Fact]
    public void Memory_goes_back_by_time_and_the_timer_ends()
    {
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                NestedBuffers.Use(8192, depth: 2000);
                NestedBuffers.Use(5_000_000, depth: 10);
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 60_000_000, 80_000_000);
                NoIdlePasses.Lift(() =>
                {
                    Assert.True(IdleTimer.IsSet);
                    Assert.True(
                        SpinWait.SpinUntil(
                            () => NativeMemoryCache.CachedBytes - before <= IdleTimer.LeastBytes && !IdleTimer.IsSet,
                            TimeSpan.FromMinutes(2)),
                        $"{NativeMemoryCache.CachedBytes - before} bytes are kept. The timer runs: {IdleTimer.IsSet}.");
                });
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 0, IdleTimer.LeastBytes);
            });
    }

    [Theory]
    [InlineData(100L * 1024 * 1024, 6_553_600)]
    [InlineData(8L * 1024 * 1024 * 1024, 512 * 1024 * 1024)]
    [InlineData(1L * 1024 * 1024, 1024 * 1024)]
    [InlineData(1L << 40, 1024 * 1024 * 1024)]
    public void The_limit_follows_the_memory_that_the_process_may_use(long available, long limit) =>
        Assert.Equal(limit, CacheLimits.DefaultProcessLimit(available));

    [Fact]
    public void Blocks_that_one_thread_allocates_and_another_frees_use_a_bounded_number_of_slots()
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
        int slabs = SlotTable.Slabs().Length;
        Allocate(300_000);
        handedOver.CompleteAdding();
        freeing.Join();
        Assert.InRange(SlotTable.Slabs().Length - slabs, 0, 2);

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
    public void Trim_frees_the_magazines_that_are_empty_then() =>
        OtherThread.Run(
            static () =>
            {
                PooledBuffer<byte>[] rented = [.. Enumerable.Range(0, 2000).Select(static _ => NativeMemoryPool<byte>.Shared.RentBuffer(64))];
                Array.ForEach(rented, static buffer => buffer.Dispose());
                NativeMemoryCache.Trim();
                unsafe
                {
                    // SAFETY: the pointer is compared, not followed.
                    Assert.All(Enumerable.Range(0, SizeClasses.Count), static sizeClass => Assert.True(Depot.For(sizeClass).TakeEmpty() == null));
                }
            });

    [Fact]
    public void Kept_bytes_are_counted_while_magazines_are_freed()
    {
        new Race().Run(Rent, Rent, static _ => NativeMemoryCache.Trim(), static _ => Assert.InRange(NativeMemoryCache.CachedBytes, 0, long.MaxValue));

        static void Rent(Random random)
        {
            PooledBuffer<byte>[] rented =
                [.. Enumerable.Range(0, random.Next(1, 600)).Select(_ => NativeMemoryPool<byte>.Shared.RentBuffer(64 << random.Next(8)))];
            Array.ForEach(rented, static buffer => buffer.Dispose());
        }
    }

    [Fact]
    public void Blocks_that_are_used_between_passes_are_kept()
    {
        OtherThread.Run(
            static () =>
            {
                Collector.Settle();
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                for (int i = 0; i < 5; i++)
                {
                    NestedBuffers.Use(1024, depth: 20);
                    NestedBuffers.Use(1_000_000, depth: 3);
                    IdleTimer.Pass();
                    NestedBuffers.Use(1024, depth: 20);
                    Assert.InRange(NativeMemoryCache.CachedBytes - before - (3 * 1_048_576), 20 * 1024, 40 * 1024);
                }
            });
    }

    [Fact]
    public void Ten_million_buffers_of_mixed_sizes_leave_memory_flat()
    {
        OtherThread.Run(
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
}
