using System.Diagnostics;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>Some threads create, nest, resize and dispose, and some trim and collect: no byte is ever shared.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class ThreadCacheStressTests
{
    [Fact]
    public void Threads_trimming_and_collections_never_give_one_block_to_two_buffers()
    {
        using var stop = new CancellationTokenSource();
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        long rounds = 0;
        Thread[] workers = [.. Enumerable.Range(0, 6).Select(i => Worker(i, i < 2 ? int.MaxValue : 40))];
        foreach (Thread worker in workers)
        {
            worker.Start();
        }

        var watch = Stopwatch.StartNew();
        while (Race.GoesOn(watch, Volatile.Read(ref rounds) > 100) && failures.IsEmpty)
        {
            NativeMemoryCache.Trim();
            GC.Collect(2, GCCollectionMode.Forced, blocking: watch.ElapsedMilliseconds % 2 == 0);
            Thread.Yield();
        }

        stop.Cancel();
        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        Assert.Empty(failures);
        Assert.True(rounds > 100, $"{rounds} rounds.");

        // Some threads live as long as the test. The rest end again and again, and leave their caches.
        Thread Worker(int seed, int turns) => new(
            () =>
            {
                try
                {
                    while (!stop.IsCancellationRequested)
                    {
                        if (turns == int.MaxValue)
                        {
                            Turn(new Random(seed), 10_000);
                        }
                        else
                        {
                            var brief = new Thread(() => Guarded(() => Turn(new Random(seed), turns)));
                            brief.Start();
                            brief.Join();
                        }
                    }
                }
                catch (Exception exception)
                {
                    failures.Enqueue(exception);
                }
            });

        void Guarded(Action body)
        {
            try
            {
                body();
            }
            catch (Exception exception)
            {
                failures.Enqueue(exception);
            }
        }

        void Turn(Random random, int turns)
        {
            for (int i = 0; i < turns && !stop.IsCancellationRequested; i++)
            {
                Nest(random, depth: random.Next(1, 60));
                Interlocked.Increment(ref rounds);
            }
        }
    }

    [Fact]
    public void Interrupted_threads_create_and_dispose_as_if_nothing_had_happened()
    {
        using var stop = new CancellationTokenSource();
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        Thread[] workers =
        [
            .. Enumerable.Range(0, 4).Select(
                seed => new Thread(
                    () =>
                    {
                        var random = new Random(seed);
                        try
                        {
                            while (!stop.IsCancellationRequested)
                            {
                                Nest(random, depth: 200);
                            }
                        }
                        catch (Exception exception)
                        {
                            failures.Enqueue(exception);
                        }
                    })),
        ];
        foreach (Thread worker in workers)
        {
            worker.Start();
        }

        for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch) && failures.IsEmpty;)
        {
            foreach (Thread worker in workers)
            {
                worker.Interrupt();
            }

            NativeMemoryCache.Trim();
        }

        stop.Cancel();
        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        Assert.Empty(failures);
    }

    private static void Nest(Random random, int depth)
    {
        int seed = random.Next(256);
        int length = random.Next(20) == 0 ? random.Next(300_000) : random.Next(2000);
        var buffer = NativeBuffer.CreateUninitialized<byte>(length);
        Pattern.Write(buffer, seed);
        if (depth > 1)
        {
            Nest(random, depth - 1);
        }

        Pattern.Verify(buffer, seed);
        if (random.Next(4) == 0)
        {
            buffer.Resize(length * 2);
            Pattern.Verify(buffer.AsSpan(0, length), seed);
            Assert.Equal(-1, buffer.AsSpan(length).IndexOfAnyExcept((byte)0));
        }

        buffer.AsSpan().Fill(0xEE);
        buffer.Dispose();
    }
}
