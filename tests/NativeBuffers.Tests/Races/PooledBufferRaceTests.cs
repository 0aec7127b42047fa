using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Races;

/// <summary>Buffers that go from thread to thread, and come back from anywhere.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class PooledBufferRaceTests
{
    private static readonly int[] s_lengths = [1, 8, 8, 8, 60, 500, 4000, 40_000];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_thread_reaches_a_buffer_of_another_renter(bool isPoisoning)
    {
        var market = new Market(isPoisoning);
        var race = new Race();
        race.Run(market.Trade, market.Trade, market.Trade, Trim);
        market.Close();

        void Trim(Random random)
        {
            market.Pool.Trim();
            NativeMemoryCache.Trim();
            IdleTimer.Pass();
            Thread.SpinWait(random.Next(100_000));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Buffers_of_ended_threads_go_to_other_threads(bool isPoisoning)
    {
        var market = new Market(isPoisoning);
        var race = new Race();
        race.Run(Brief, Brief, market.Trade, Collect);
        market.Close();

        void Brief(Random random) => race.RunBriefly(
            () =>
            {
                for (int i = random.Next(300); i > 0; i--)
                {
                    market.Trade(random);
                }
            });

        void Collect(Random random)
        {
            GC.Collect(random.Next(3), GCCollectionMode.Forced, blocking: random.Next(2) == 0);
            Thread.SpinWait(random.Next(100_000));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Interruptions_and_finalizers_change_nothing(bool isPoisoning)
    {
        var market = new Market(isPoisoning);
        var race = new Race();
        race.RunInterrupted(market.Trade, market.Trade, Forget, NeverSleepingTrim);
        market.Close();

        void Forget(Random random)
        {
            _ = new Finalized(new MarkedBuffer(market.Pool, s_lengths[random.Next(s_lengths.Length)]), isReturned: random.Next(2) == 0);
            if (random.Next(1000) == 0)
            {
                GC.Collect(0);
            }
        }

        static void NeverSleepingTrim(Random random)
        {
            NativeMemoryCache.Trim();
            IdleTimer.Pass();
            Thread.SpinWait(random.Next(100_000));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_buffer_that_is_pinned_elsewhere_is_not_rented(bool isPoisoning)
    {
        var market = new Market(isPoisoning);
        MarkedBuffer? current = null;
        var race = new Race();
        race.Run(Rent, Pin, Pin);
        current?.Buffer.Dispose();
        market.Close();

        void Rent(Random random)
        {
            var next = new MarkedBuffer(market.Pool, 8);
            Volatile.Write(ref current, next);
            Thread.SpinWait(random.Next(100));
            next.Use(random);
            next.Buffer.Dispose();
            var other = new MarkedBuffer(market.Pool, 8);
            other.Use(random);
            other.Buffer.Dispose();
        }

        void Pin(Random random)
        {
            if (Volatile.Read(ref current)?.TryPin(8) is { } pin)
            {
                pin.Use(random);
                pin.End();
                pin.End();
            }
        }
    }

    [Fact]
    public void A_buffer_that_is_not_returned_never_says_that_it_was()
    {
        PooledBuffer<long> current = default;
        bool isShared = false;
        var race = new Race();
        var together = new Rendezvous(race, 2);
        race.Run(
            random =>
            {
                current = NativeMemoryPool<long>.Shared.RentBuffer(8);
                isShared = false;
                _ = together.Meet();
                while (!Volatile.Read(ref isShared) && !race.IsOver)
                {
                    if (current.AsSpan().Length != 8 || current.IsDisposed)
                    {
                        Assert.Fail("It was not.");
                    }
                }

                if (together.Meet())
                {
                    current.Dispose();
                }
            },
            random =>
            {
                if (together.Meet())
                {
                    Thread.SpinWait(random.Next(10));
                    Assert.Equal(8, current.Memory.Length);
                    Volatile.Write(ref isShared, true);
                }

                _ = together.Meet();
            });
    }

    [Fact]
    public void Pools_disposed_while_buffers_come_back_keep_none()
    {
        var allocator = new PoisoningAllocator();
        NativeMemoryPool<long> current = Pool();
        var race = new Race();
        race.Run(Rent, Rent, Replace);
        current.Dispose();
        allocator.AssertAllCameBack();

        NativeMemoryPool<long> Pool() => new(new NativePoolOptions { Allocator = allocator });

        void Rent(Random random)
        {
            try
            {
                NativeMemoryPool<long> pool = Volatile.Read(ref current);
                var first = new MarkedBuffer(pool, s_lengths[random.Next(6)]);
                try
                {
                    var second = new MarkedBuffer(pool, s_lengths[random.Next(6)]);
                    second.Use(random);
                    second.Buffer.Dispose();
                }
                finally
                {
                    first.Use(random);
                    first.Buffer.Dispose();
                }
            }
            catch (ObjectDisposedException)
            {
            }
        }

        void Replace(Random random)
        {
            Thread.SpinWait(random.Next(3000));
            Interlocked.Exchange(ref current, Pool()).Dispose();
        }
    }

    /// <summary>Is forgotten; a finalizer returns its buffer, this one or the cleaner's.</summary>
    private sealed class Finalized(MarkedBuffer buffer, bool isReturned)
    {
        ~Finalized()
        {
            if (isReturned)
            {
                buffer.Buffer.Dispose();
            }
        }
    }
}
