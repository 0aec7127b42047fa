namespace NativeBuffers.Tests.Blocks.Stats;

[Collection(ProcessWide.Name)]
[Slow]
public class CountedUnderStressTests
{
    private const int Threads = 4;
    private const int Turns = 60_000;

    public CountedUnderStressTests()
    {
        Needs.Caches();
        Collector.Settle();
    }

    [Fact]
    public void Counters_never_go_back_and_are_exact_in_the_end()
    {
        using var listener = new Listener();
        NativeMemoryCache.Trim();
        var count = new CountsSince();
        Dictionary<(string Name, string Tags), long> last = listener.Collect();
        long before = Sum(last, "nativebuffers.allocations");
        long begun = 0;
        int collections = 0;
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(seed => new Thread(() =>
        {
            try
            {
                do
                {
                    Interlocked.Add(ref begun, Work(seed));
                }
                while (Volatile.Read(ref collections) <= 10);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        for (; threads.Any(static thread => thread.IsAlive); Volatile.Write(ref collections, collections + 1))
        {
            if (collections % 10 == 0)
            {
                NativeMemoryCache.Trim();
            }

            Dictionary<(string Name, string Tags), long> now = listener.Collect();
            foreach (((string name, string tags), long value) in last)
            {
                if (name is "nativebuffers.allocations" or "nativebuffers.cache.hits" or "nativebuffers.cache.misses")
                {
                    Assert.True(now[(name, tags)] >= value, $"{name} {tags}: {now[(name, tags)]} after {value}.");
                }
            }

            last = now;
        }

        Assert.Null(failure);
        Assert.True(collections > 10, $"{collections} collections.");
        last = listener.Collect();
        Assert.Equal(begun, count.Allocations().Values.Sum());
        Assert.InRange(Sum(last, "nativebuffers.allocations") - before, begun, begun + (4 * Threads));
        Assert.Empty(count.Blocks());
    }

    private static long Sum(Dictionary<(string Name, string Tags), long> values, string name) =>
        values.Where(each => each.Key.Name == name).Sum(static each => each.Value);

    /// <summary>Allocates and frees in several ways, and returns the number of allocations.</summary>
    private static long Work(int seed)
    {
        var random = new Random(seed);
        long begun = 0;
        var kept = new Queue<NativeMemoryOwner<byte>>();
        for (int i = 0; i < Turns; i++)
        {
            int size = 1 << random.Next(5, 17);
            switch (random.Next(8))
            {
                case 0:
                    kept.Enqueue(NativeMemoryOwner<byte>.Create(size));
                    begun++;
                    break;
                case 1 when kept.TryDequeue(out NativeMemoryOwner<byte>? owner):
                    owner.Dispose();
                    break;
                case 2 when kept.TryDequeue(out NativeMemoryOwner<byte>? owner):
                    kept.Enqueue(owner.Move());
                    break;
                case 3:
                    using (NativeArena arena = NativeArena.Create(size))
                    {
                        using ArenaScope scope = arena.BeginScope();
                        _ = scope.Allocate<byte>(1);
                    }

                    begun++;
                    break;
                case 4:
                    unsafe
                    {
                        NativeAllocator.Default.Free(NativeAllocator.Default.AllocateUninitialized((nuint)size), (nuint)size);
                    }

                    begun++;
                    break;
                case 5 when i % 10 == 0:
                    NativeBuffer.CreateUninitialized<byte>(300_000).Dispose();
                    begun++;
                    break;
                default:
                    using (NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(size))
                    {
                        NativeBuffer<byte> moved = buffer.Move();
                        moved.Dispose();
                    }

                    begun++;
                    break;
            }

            if (kept.Count > 20)
            {
                // Given back by a thread that it does not belong to.
                NativeMemoryOwner<byte> owner = kept.Dequeue();
                if (i % 50 == 0)
                {
                    _ = Task.Run(owner.Dispose, TestContext.Current.CancellationToken).Wait(TimeSpan.FromMinutes(1));
                }

                owner.Dispose();
            }
        }

        foreach (NativeMemoryOwner<byte> owner in kept)
        {
            owner.Dispose();
        }

        return begun;
    }
}
