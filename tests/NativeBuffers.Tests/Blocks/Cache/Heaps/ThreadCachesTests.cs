using NativeBuffers.Blocks.Cache.Heaps;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>The caches of threads that come and go.</summary>
[Collection(ProcessWide.Name)]
public class ThreadCachesTests
{
    private static int EntryCount
    {
        get
        {
            using (ThreadCaches.Lock.Enter())
            {
                return ThreadCaches.Entries.Length;
            }
        }
    }

    /// <summary>A new thread looks at a few others only, so that it begins soon. An ended thread that it meets makes it look further.</summary>
    /// <param name="lifetime">The number of threads that begin before a thread ends.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public void Few_ended_threads_keep_a_cache_while_many_threads_live(int lifetime)
    {
        const int LiveCount = 200;
        using var end = new ManualResetEventSlim();
        using var isReady = new CountdownEvent(LiveCount);
        Thread[] live = [.. Enumerable.Range(0, LiveCount).Select(_ => new Thread(() => Live(isReady, end)))];
        Array.ForEach(live, static thread => thread.Start());
        isReady.Wait(TestContext.Current.CancellationToken);
        NativeMemoryCache.Trim();
        int before = EntryCount;
        var recent = new Queue<(Thread Thread, ManualResetEventSlim End)>();
        for (int i = 0; i < 1000; i++)
        {
            var endOfOne = new ManualResetEventSlim();
            using var isReadyOne = new CountdownEvent(1);
            var thread = new Thread(() => Live(isReadyOne, endOfOne));
            thread.Start();
            isReadyOne.Wait(TestContext.Current.CancellationToken);
            recent.Enqueue((thread, endOfOne));
            EndAllBut(recent, lifetime);
        }

        int after = EntryCount;
        EndAllBut(recent, 0);
        end.Set();
        Array.ForEach(live, static thread => thread.Join());
        Assert.InRange(before, LiveCount, int.MaxValue);
        Assert.InRange(after - before - lifetime, 0, LiveCount / 8);
    }

    private static void EndAllBut(Queue<(Thread Thread, ManualResetEventSlim End)> threads, int count)
    {
        while (threads.Count > count)
        {
            (Thread thread, ManualResetEventSlim end) = threads.Dequeue();
            end.Set();
            thread.Join();
            end.Dispose();
        }
    }

    private static void Live(CountdownEvent isReady, ManualResetEventSlim end)
    {
        Use();
        _ = isReady.Signal();
        end.Wait();
    }

    private static void Use()
    {
        using var buffer = NativeBuffer.Create<byte>(64);
    }
}
