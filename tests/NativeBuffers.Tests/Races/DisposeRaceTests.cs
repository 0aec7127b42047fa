using System.Buffers;

namespace NativeBuffers.Tests.Races;

/// <summary>Several threads dispose one thing at the same moment: it is given back once.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class DisposeRaceTests
{
    private const int BatchLength = 256;

    [Theory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(3, false)]
    public void Owners_disposed_by_several_threads_are_freed_once(int threadCount, bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        DisposeTogether(
            threadCount,
            random =>
            {
                var owner = new MarkedOwner(random.Next(1, 20), allocator);
                if (random.Next(2) == 0)
                {
                    Assert.True(owner.TryBorrow(random));
                }

                return owner.Owner;
            });
        allocator?.AssertAllCameBack();
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(3, false)]
    public void Buffers_disposed_by_several_threads_are_returned_once(int threadCount, bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        NativeMemoryPool<long> pool = allocator is null
            ? NativeMemoryPool<long>.Shared
            : new(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 4096 });
        DisposeTogether(
            threadCount,
            random =>
            {
                PooledBuffer<long> buffer = pool.RentBuffer(random.Next(1, 20));
                return random.Next(4) == 0 ? new AsMemory(buffer) : buffer;
            });
        pool.Dispose();
        allocator?.AssertAllCameBack();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Buffers_that_two_threads_return_at_the_same_moment_are_rented_once(bool isMemory)
    {
        var batch = new MarkedBuffer[BatchLength];
        int progress = 0;
        var race = new Race();
        var together = new Rendezvous(race, 2);
        race.Run(
            random =>
            {
                for (int i = 0; i < BatchLength; i++)
                {
                    batch[i] = new MarkedBuffer(NativeMemoryPool<long>.Shared, 8);
                    if (isMemory)
                    {
                        batch[i].Buffer.Borrow().Dispose();
                    }
                }

                Array.ForEach(batch, static each => each.Verify());
                int longest = random.Next(1, 60);
                _ = together.Meet();
                for (int i = 0; i < BatchLength; i++)
                {
                    // The other needs a while to see this; sometimes just as long as this thread waits.
                    Volatile.Write(ref progress, i + 1);
                    for (int wait = random.Next(longest); wait > 0; wait--)
                    {
                        _ = Volatile.Read(ref wait);
                    }

                    batch[i].Buffer.Dispose();
                }

                _ = together.Meet();
                Volatile.Write(ref progress, 0);
                _ = together.Meet();
            },
            random =>
            {
                if (!together.Meet())
                {
                    // Over, and the first thread may be anywhere.
                    return;
                }

                for (int i = 0; i < BatchLength; i++)
                {
                    while (Volatile.Read(ref progress) <= i && !race.IsOver)
                    {
                    }

                    batch[i]?.Buffer.Dispose();
                }

                _ = together.Meet();
                _ = together.Meet();
            },
            random =>
            {
                // A block that is freed twice reaches a second thread this way.
                NativeMemoryCache.Trim();
                for (int i = 0; i < 100; i++)
                {
                    Thread.Yield();
                }
            });
    }

    [Fact]
    public void A_late_disposal_frees_nothing_of_the_slots_next_owner()
    {
        MarkedOwner current = new(8, null);
        var race = new Race();
        var together = new Rendezvous(race, 2);
        race.Run(
            random =>
            {
                current = new MarkedOwner(8, null);
                Assert.True(current.TryBorrow(random));
                _ = together.Meet();
                Thread.SpinWait(random.Next(4));
                current.Owner.Dispose();
                using var next = NativeMemoryOwner<long>.Create(8);
                next.Resize(33_000);
                next.GetSpan().Fill(1);
                _ = together.Meet();
                Assert.Equal(33_000, next.Length);
                Mark.Verify(next.GetSpan(), 1);
            },
            random =>
            {
                if (together.Meet())
                {
                    Thread.SpinWait(random.Next(4));
                    current.Owner.Dispose();
                }

                _ = together.Meet();
            });
    }

    /// <summary>
    /// The first thread creates a batch; all threads dispose it in the same order. Then each thread rents, and is alone in its
    /// buffer: a block that was freed twice would be rented twice.
    /// </summary>
    private static void DisposeTogether(int threadCount, Func<Random, IDisposable> create)
    {
        var batch = new IDisposable[BatchLength];
        var race = new Race();
        var together = new Rendezvous(race, threadCount);
        race.Run(
            [
                random =>
                {
                    batch = [.. Enumerable.Range(0, BatchLength).Select(_ => create(random))];
                    DisposeAll(random);
                },
                .. Enumerable.Repeat<Action<Random>>(DisposeAll, threadCount - 1),
                random =>
                {
                    NativeMemoryCache.Trim();
                    Thread.SpinWait(random.Next(20_000));
                },
            ]);
        Array.ForEach(batch, static each => each?.Dispose());

        void DisposeAll(Random random)
        {
            if (together.Meet())
            {
                foreach (IDisposable each in batch)
                {
                    each.Dispose();
                    if (random.Next(8) == 0)
                    {
                        Thread.SpinWait(random.Next(4));
                    }
                }
            }

            var rented = new MarkedBuffer[40];
            for (int i = 0; i < rented.Length; i++)
            {
                rented[i] = new MarkedBuffer(NativeMemoryPool<long>.Shared, random.Next(1, 20));
            }

            Array.ForEach(rented, static each => each.Verify());
            if (together.Meet())
            {
                Array.ForEach(rented, static each => each.Verify());
            }

            Array.ForEach(rented, static each => each.Buffer.Dispose());
            _ = together.Meet();
        }
    }

    /// <summary>A buffer that was used as memory too, which takes other ways back.</summary>
    private sealed class AsMemory : IDisposable
    {
        private readonly PooledBuffer<long> _buffer;

        public AsMemory(PooledBuffer<long> buffer)
        {
            _buffer = buffer;
            using MemoryHandle handle = buffer.Memory.Pin();
        }

        public void Dispose() => _buffer.Dispose();
    }
}
