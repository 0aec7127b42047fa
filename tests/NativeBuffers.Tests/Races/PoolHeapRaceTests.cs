using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Blocks.Cache.Heaps;

namespace NativeBuffers.Tests.Races;

/// <summary>Pools that are trimmed, closed and replaced while threads rent from them, and return buffers of other threads.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class PoolHeapRaceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(2000)]
    [InlineData(64 * 1024)]
    [InlineData(4 << 20)]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void Pools_that_come_and_go_keep_their_blocks_apart_and_their_limits(long limit)
    {
        Stall[] stalls = [new(limit), new(limit)];
        var offered = new PooledBuffer<long>[8];
        Lock[] gates = [.. offered.Select(static _ => new Lock())];
        Queue<Stall> closed = [];
        var race = new Race();
        race.Run(Trade, Trade, Brief, Replace);
        Array.ForEach(offered, static buffer => buffer.Dispose());
        Array.ForEach(stalls, static stall => stall.Close());
        Array.ForEach([.. closed], static stall => stall.Close());

        void Trade(Random random)
        {
            Stall stall = Volatile.Read(ref stalls[random.Next(stalls.Length)]);
            for (int i = random.Next(8) == 0 ? 40 : 1; i > 0; i--)
            {
                PooledBuffer<long> mine;
                try
                {
                    mine = stall.Pool.RentBuffer(Length(random));
                }
                catch (ObjectDisposedException)
                {
                    return;
                }

                // A block of another renter would lose this mark.
                long mark = random.NextInt64();
                mine.AsSpan().Fill(mark);
                if (random.Next(4) == 0)
                {
                    Thread.SpinWait(random.Next(200));
                }

                Assert.Equal(-1, mine.AsSpan().IndexOfAnyExcept(mark));
                if (random.Next(3) != 0)
                {
                    mine.Dispose();
                    continue;
                }

                int place = random.Next(offered.Length);
                PooledBuffer<long> other;
                lock (gates[place])
                {
                    other = offered[place];
                    offered[place] = mine;
                }

                other.Dispose();
                other.Dispose();
            }
        }

        void Brief(Random random) => race.RunBriefly(() =>
        {
            for (int i = random.Next(200); i > 0; i--)
            {
                Trade(random);
            }
        });

        void Replace(Random random)
        {
            int place = random.Next(stalls.Length);
            Stall stall = stalls[place];
            for (int i = random.Next(20); i > 0; i--)
            {
                if (random.Next(4) == 0)
                {
                    PoolHeaps.AfterFullCollection(isMemoryShort: random.Next(3) == 0);
                }
                else if (random.Next(4) == 0)
                {
                    stall.Pool.Trim();
                }

                Thread.SpinWait(random.Next(20_000));
            }

            Volatile.Write(ref stalls[place], new Stall(limit));
            stall.Pool.Dispose();

            // A thread that returns a buffer at the same time may keep it for a moment, until it sees that the pool is closed.
            Assert.True(SpinWait.SpinUntil(() => stall.Pool.CachedBytes == 0, TimeSpan.FromSeconds(30)), "A closed pool keeps blocks.");
            closed.Enqueue(stall);
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(64 << 20)]
    public void A_buffer_that_two_threads_give_back_at_once_comes_back_once(long limit)
    {
        var watch = Stopwatch.StartNew();
        while (Race.GoesOn(watch))
        {
            Stall stall = new(limit);
            var current = new PooledBuffer<long>[2];
            current[0] = stall.Pool.RentBuffer(8);
            Race.RunRounds(
                5000,
                round =>
                {
                    current[round & 1].Dispose();
                    PooledBuffer<long> next = stall.Pool.RentBuffer(8);
                    using PooledBuffer<long> other = stall.Pool.RentBuffer(8);
                    next.AsSpan().Fill(1);
                    other.AsSpan().Fill(2);
                    Assert.Equal(-1, next.AsSpan().IndexOfAnyExcept(1));
                    current[(round + 1) & 1] = next;
                    if (round % 500 == 499)
                    {
                        // The numbers, bins and slots of this pool serve the next one.
                        stall.Pool.Dispose();
                        stall = new(limit);
                    }
                },
                round => current[round & 1].Dispose());
            Array.ForEach(current, static buffer => buffer.Dispose());
            stall.Close();
        }
    }

    private static int Length(Random random) => random.Next(30) == 0 ? random.Next(1, 60_000) : random.Next(3) == 0 ? 100 : 8;

    /// <summary>One pool, and its allocator.</summary>
    private sealed class Stall : IDisposable
    {
        private readonly PoisoningAllocator _allocator = new();
        private readonly long _limit;

        public Stall(long limit)
        {
            _limit = limit;
            Pool = new NativeMemoryPool<long>(new NativePoolOptions { Allocator = _allocator, CachedBytesLimit = limit });
        }

        public NativeMemoryPool<long> Pool { get; }

        /// <summary>Asserts, after all buffers came back, that the pool has kept no more than its limit, and that no block is left.</summary>
        public void Close()
        {
            Assert.InRange(_allocator.LiveBytes, 0, _limit);
            Assert.Equal(_allocator.LiveBytes, Pool.CachedBytes);
            Pool.Dispose();
            Assert.Equal(0, _allocator.LiveBlocks);
            _allocator.AssertUnharmed();
            Dispose();
        }

        public void Dispose()
        {
            Pool.Dispose();
            _allocator.Dispose();
        }
    }
}
