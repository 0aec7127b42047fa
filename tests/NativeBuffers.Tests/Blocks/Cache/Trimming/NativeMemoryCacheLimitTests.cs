using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Blocks.Cache.Trimming;

/// <summary>The limits of the caches, of each thread and of the process.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class NativeMemoryCacheLimitTests
{
    public NativeMemoryCacheLimitTests() => Needs.Caches();

    [Fact]
    public void Cached_blocks_stay_inside_both_limits()
    {
        OtherThread.Run(
            static () =>
            {
                for (int length = 1; length < SizeClasses.Largest; length = (length * 5 / 4) + 1)
                {
                    NestedBuffers.Use(length, depth: 150);
                    Assert.InRange(NativeMemoryCache.CachedBytes, 1, CacheLimits.ProcessBytes);
                    Assert.InRange(ThreadCaches.ByteCount, 1, CacheLimits.ThreadBytes * 8);
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
        // Owners that earlier tests forgot are freed now, and not while this test counts.
        Collector.Settle();
        NativeMemoryCache.Trim();
        long alreadyReserved = CacheLimits.ReservedBytes;
        (long thread, long process) = (CacheLimits.ThreadBytes, CacheLimits.ProcessBytes);
        try
        {
            (CacheLimits.ThreadBytes, CacheLimits.ProcessBytes) = (threadLimit, alreadyReserved + processLimit);
            var failures = new List<string>();
            long before = NativeMemoryCache.CachedBytes;
            OtherThread.Together(Work, Work, Work, Work);
            Check();
            Assert.Empty(failures);

            void Work()
            {
                foreach (int length in new[] { 64, 1000, 5000, 30_000, 250_000 })
                {
                    NestedBuffers.Use(length, depth: 100);
                    Check();
                }
            }

            void Check()
            {
                // While threads work, the count may miss blocks that move between caches.
                long kept = NativeMemoryCache.CachedBytes - before;
                if (CacheLimits.ReservedBytes - alreadyReserved > expected || (expected == 0 && kept > 0))
                {
                    lock (failures)
                    {
                        failures.Add($"{kept} bytes kept, {CacheLimits.ReservedBytes - alreadyReserved} reserved.");
                    }
                }
            }
        }
        finally
        {
            (CacheLimits.ThreadBytes, CacheLimits.ProcessBytes) = (thread, process);
            NativeMemoryCache.Trim();
        }
    }

    [Fact]
    public void The_limit_of_the_process_is_not_passed_for_a_moment()
    {
        long process = CacheLimits.ProcessBytes;
        long limit = CacheLimits.ProcessBytes = CacheLimits.ReservedBytes + 1000;
        try
        {
            new Race().Run(Reserve, Reserve, Reserve);
        }
        finally
        {
            CacheLimits.ProcessBytes = process;
        }

        void Reserve(Random random)
        {
            bool isReserved = CacheLimits.TryReserve(800);
            long reserved = CacheLimits.ReservedBytes;
            if (isReserved)
            {
                CacheLimits.Release(800);
            }

            Assert.InRange(reserved, 0, limit);
        }
    }

    [Fact]
    public void Hot_blocks_of_many_threads_do_not_pass_the_limit()
    {
        const int Threads = 40;
        const long Limit = 8 * 1024 * 1024;
        NativeMemoryCache.Trim();
        long process = CacheLimits.ProcessBytes;
        long before = NativeMemoryCache.CachedBytes;
        CacheLimits.ProcessBytes = CacheLimits.ReservedBytes + Limit;
        using var done = new ManualResetEventSlim();
        var threads = new List<Thread>();
        try
        {
            for (int i = 0; i < Threads; i++)
            {
                using var used = new ManualResetEventSlim();
                var thread = new Thread(
                    () =>
                    {
                        for (int sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++)
                        {
                            NativeBuffer.CreateUninitialized<byte>((int)SizeClasses.SizeOf(sizeClass)).Dispose();
                        }

                        NativeBuffer.CreateUninitialized<byte>(1_000_000).Dispose();
                        used.Set();
                        done.Wait();
                    });
                threads.Add(thread);
                thread.Start();
                used.Wait(TestContext.Current.CancellationToken);

                // The visit closes the bins, so the next thread finds room for its own.
                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before + Limit);
            }
        }
        finally
        {
            CacheLimits.ProcessBytes = process;
            done.Set();
            threads.ForEach(static thread => thread.Join());
            NativeMemoryCache.Trim();
        }
    }

    [Fact]
    public void Room_that_idle_threads_reserved_goes_back_to_the_budget()
    {
        NativeMemoryCache.Trim();
        long before = CacheLimits.ReservedBytes;
        using var filled = new CountdownEvent(8);
        using var done = new ManualResetEventSlim();
        Thread[] idle =
        [
            .. Enumerable.Range(0, 8).Select(
                _ => new Thread(
                    () =>
                    {
                        NestedBuffers.Use(5000, depth: 50);
                        filled.Signal();
                        done.Wait();
                        NestedBuffers.Use(5000, depth: 50);
                    })),
        ];
        foreach (Thread thread in idle)
        {
            thread.Start();
        }

        filled.Wait(TestContext.Current.CancellationToken);
        Assert.NotEqual(before, CacheLimits.ReservedBytes);
        NativeMemoryCache.Trim();

        // A thread that has signalled may not wait yet. Then its hot block stays, and so does the room for it.
        Kept.AssertReservedAtMost(before + (8 * (long)SizeClasses.SizeOf(SizeClasses.Of(5000))));
        done.Set();
        foreach (Thread thread in idle)
        {
            thread.Join();
        }

        NativeMemoryCache.Trim();
        Kept.AssertReservedAtMost(before);
    }
}
