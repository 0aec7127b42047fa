using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The pools without a server.</summary>
public class ServerPoolTests
{
    private const int Slab = 32 * 4096;

    [Fact]
    public void Blocks_are_4_KiB_of_arrays_and_the_last_returned_one_comes_first()
    {
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool pool = memory.Add("test");
        Assert.Equal(4096, pool.MaxBufferSize);
        IMemoryOwner<byte> block = pool.Rent();
        Assert.Equal(4096, block.Memory.Length);
        Assert.True(MemoryMarshal.TryGetArray<byte>(block.Memory, out ArraySegment<byte> segment));
        Assert.Equal(4096, segment.Count);
        block.Memory.Span.Fill(7);
        block.Dispose();
        using IMemoryOwner<byte> next = pool.Rent(4096);
        Assert.Equal(7, next.Memory.Span[4095]);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(4097));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(-2));
    }

    [Fact]
    public void The_limit_counts_all_pools_and_the_refusal_names_the_budget()
    {
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool first = memory.Add("first");
        using ServerPool second = memory.Add("second");
        List<IMemoryOwner<byte>> rented = [];
        for (int i = 0; i < 256; i++)
        {
            rented.Add((i % 2 == 0 ? first : second).Rent());
        }

        Assert.Equal(256, rented.Select(static each => MemoryMarshal.Cast<byte, nuint>(each.Memory.Span)[0] = 0).Count());
        Assert.Equal((1L << 20, 1L << 20), (memory.RentedBytes, memory.Budget.UsedBytes));
        OutOfMemoryException refusal = Assert.Throws<OutOfMemoryException>(() => first.Rent());
        Assert.Equal("Test", NativeMemoryRefusal.Of(refusal)?.BudgetName);
        Assert.NotNull(memory.SinceRefusal);

        // A free block of one pool serves the other pool.
        rented[0].Dispose();
        rented[0] = second.Rent();
        rented.ForEach(static each => each.Dispose());
        Assert.Equal((0, 1L << 20), (memory.RentedBytes, memory.KeptBytes));
        Assert.Equal(1L << 20, memory.Trim());
        Assert.Equal((0, 0), (memory.KeptBytes, memory.Budget.UsedBytes));
    }

    [Fact]
    public void No_two_rentals_have_one_block_on_any_threads()
    {
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool first = memory.Add("first");
        using ServerPool second = memory.Add("second");
        Parallel.For(
            0,
            4,
            thread =>
            {
                var random = new Random(thread);
                Queue<(IMemoryOwner<byte> Block, byte Value)> mine = [];
                for (int i = 0; i < 20_000; i++)
                {
                    if (mine.Count < 50 && random.Next(2) == 0)
                    {
                        byte value = (byte)random.Next(1, 255);
                        IMemoryOwner<byte> block = (random.Next(2) == 0 ? first : second).Rent();
                        block.Memory.Span[..8].Fill(value);
                        mine.Enqueue((block, value));
                    }
                    else if (mine.TryDequeue(out (IMemoryOwner<byte> Block, byte Value) oldest))
                    {
                        Assert.Equal(-1, oldest.Block.Memory.Span[..8].IndexOfAnyExcept(oldest.Value));
                        oldest.Block.Dispose();
                    }

                    if (i % 1000 == 0)
                    {
                        memory.Trim();
                    }
                }

                foreach ((IMemoryOwner<byte> block, _) in mine)
                {
                    block.Dispose();
                }
            });
        memory.Trim();
        Assert.Equal((0, 0, 0), (memory.RentedBytes, memory.Budget.UsedBytes, memory.ViolationCount));
    }

    [Fact]
    public void Slabs_that_were_not_needed_for_two_periods_are_freed_and_slabs_in_use_stay()
    {
        using NativeServerMemory memory = Make(64 << 20);
        using ServerPool pool = memory.Add("test");
        IMemoryOwner<byte>[] burst = [.. Enumerable.Range(0, 320).Select(_ => pool.Rent())];
        foreach (IMemoryOwner<byte> block in burst[1..])
        {
            block.Dispose();
        }

        Assert.Equal(0, pool.EvictIdle());
        Assert.Equal(0, pool.EvictIdle());
        Assert.Equal(9 * Slab, pool.EvictIdle());
        Assert.Equal(Slab, memory.Budget.UsedBytes);
        using IMemoryOwner<byte> again = pool.Rent();
        Assert.Equal(0, pool.EvictIdle());
        burst[0].Dispose();
    }

    [Fact]
    public void Freed_slabs_have_given_their_pages_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "On other systems the collector gives the pages back.");
        using NativeServerMemory memory = Make(64 << 20);
        using ServerPool pool = memory.Add("test");
        IMemoryOwner<byte>[] slab = [.. Enumerable.Range(0, 32).Select(_ => pool.Rent())];
        Array.ForEach(slab, static block => block.Memory.Span.Fill(1));
        Memory<byte> middle = slab[15].Memory;
        Array.ForEach(slab, static block => block.Dispose());
        Assert.Equal(-1, middle.Span.IndexOfAnyExcept((byte)1));
        Assert.Equal(Slab, memory.Trim());

        // A page that the system has taken back is zero when it is read again.
        Assert.Equal(-1, middle.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void A_second_return_changes_nothing_and_is_reported()
    {
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool pool = memory.Add("test");
        IMemoryOwner<byte> block = pool.Rent();
        block.Dispose();
        block.Dispose();
        Assert.Equal((1, 0), (memory.ViolationCount, memory.RentedBytes));
        using IMemoryOwner<byte> first = pool.Rent();
        using IMemoryOwner<byte> second = pool.Rent();
        Assert.False(first.Memory.Span.Overlaps(second.Memory.Span));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void Of_two_returns_on_two_threads_one_is_reported()
    {
        const int Rounds = 500;
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool pool = memory.Add("test");
        using IMemoryOwner<byte> neighbour = pool.Rent();
        IMemoryOwner<byte> block = neighbour;
        int arrived = 0;
        var other = new Thread(() => Return(isRenter: false));
        other.Start();
        Return(isRenter: true);
        other.Join();
        Assert.Equal((Rounds, 4096), (memory.ViolationCount, memory.RentedBytes));

        void Return(bool isRenter)
        {
            for (int round = 0; round < Rounds; round++)
            {
                if (isRenter)
                {
                    block = pool.Rent();
                }

                Meet(4 * round + 2);
                block.Dispose();
                Meet(4 * round + 4);
            }
        }

        // The threads leave it nearly at once, unlike a barrier that wakes them.
        void Meet(int of)
        {
            Interlocked.Increment(ref arrived);
            for (var wait = default(SpinWait); Volatile.Read(ref arrived) < of;)
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    [Fact]
    public void Two_threads_that_make_slabs_at_once_lose_no_block()
    {
        for (int round = 0; round < 50; round++)
        {
            using NativeServerMemory memory = Make(64 << 20);
            using ServerPool pool = memory.Add("test");
            using var start = new Barrier(2);
            IMemoryOwner<byte>? theirs = null;
            var other = new Thread(() =>
            {
                start.SignalAndWait();
                theirs = pool.Rent();
            });
            other.Start();
            start.SignalAndWait();
            List<IMemoryOwner<byte>> rented = [pool.Rent()];
            other.Join();
            rented.Add(theirs!);
            long used = memory.Budget.UsedBytes;
            while (memory.KeptBytes != 0)
            {
                rented.Add(pool.Rent());
                Assert.Equal(used, memory.Budget.UsedBytes);
            }

            rented.ForEach(static block => block.Dispose());
        }
    }

    [Fact]
    public void No_slab_is_made_while_the_pool_has_a_free_block()
    {
        using NativeServerMemory memory = Make(64 << 20);
        using ServerPool pool = memory.Add("test");
        var random = new Random(7);
        List<IMemoryOwner<byte>> rented = [];
        for (int i = 0; i < 200; i++)
        {
            int target = random.Next(200);
            while (rented.Count < target)
            {
                (long kept, long used) = (memory.KeptBytes, memory.Budget.UsedBytes);
                rented.Add(pool.Rent());
                Assert.True(kept == 0 || memory.Budget.UsedBytes == used);
            }

            while (rented.Count > target)
            {
                int at = random.Next(rented.Count);
                rented[at].Dispose();
                rented.RemoveAt(at);
            }

            _ = random.Next(20) switch
            {
                0 => memory.Trim(),
                1 => pool.EvictIdle(),
                _ => 0,
            };
            Assert.Equal(rented.Count * 4096L, memory.RentedBytes);
        }

        rented.ForEach(static block => block.Dispose());
    }

    [Fact]
    public void A_forgotten_rental_comes_back_and_is_reported()
    {
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool pool = memory.Add("test");
        Forget(pool);
        for (int i = 0; i < 30 && memory.LeakCount == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal((1, 0), (memory.LeakCount, memory.RentedBytes));

        // The block is rented again, and forgotten again.
        Forget(pool);
        for (int i = 0; i < 30 && memory.LeakCount == 1; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal((2, 0), (memory.LeakCount, memory.RentedBytes));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(ServerPool pool) => pool.Rent();
    }

    [Fact]
    public void A_disposed_pool_frees_the_blocks_that_come_back()
    {
        using NativeServerMemory memory = Make(1 << 20);
        ServerPool pool = memory.Add("test");
        IMemoryOwner<byte> block = pool.Rent();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
        Assert.Equal(Slab / 2, memory.Budget.UsedBytes);  // Small limits have small slabs.
        block.Dispose();
        Assert.Equal(0, memory.Budget.UsedBytes);
    }

    [Fact]
    public void A_free_block_of_another_pool_is_rented_while_the_rest_is_set_aside()
    {
        using NativeServerMemory memory = Make(1 << 20);
        using ServerPool first = memory.Add("first");
        using ServerPool second = memory.Add("second");
        using NativeMemoryBudget work = memory.Budget.WithBudget(new() { Name = "Work" });
        using IMemoryOwner<byte> block = first.Rent();
        using NativeMemoryReservation rest = work.Reserve((1 << 20) - memory.Budget.UsedBytes);
        using IMemoryOwner<byte> other = second.Rent();
        Assert.Null(memory.SinceRefusal);
    }

    [Fact]
    public void Threads_that_together_need_less_than_the_limit_are_never_refused()
    {
        using NativeServerMemory memory = Make(1 << 20);
        ServerPool[] pools = [.. Enumerable.Range(0, 8).Select(i => memory.Add($"{i}"))];
        Parallel.For(
            0,
            4,
            thread =>
            {
                var random = new Random(thread);
                List<IMemoryOwner<byte>> mine = [];
                for (int round = 0; round < 400; round++)
                {
                    for (int most = random.Next(60); mine.Count < most;)
                    {
                        mine.Add(pools[random.Next(pools.Length)].Rent());
                    }

                    for (int least = random.Next(60); mine.Count > least;)
                    {
                        int at = random.Next(mine.Count);
                        mine[at].Dispose();
                        mine.RemoveAt(at);
                    }

                    if (random.Next(50) == 0)
                    {
                        memory.Trim();
                    }
                }

                mine.ForEach(static block => block.Dispose());
            });
        Assert.Equal((0, 0), (memory.RentedBytes, memory.ViolationCount));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void A_logger_may_rent_on_another_thread()
    {
        ServerPool? pool = null;
        bool hasRented = false;
        using var log = new Calling(() => hasRented = Task.Run(() => pool!.Rent().Dispose()).Wait(TimeSpan.FromMinutes(1)));
        using NativeServerMemory memory = Make(1 << 20, log);
        using (pool = memory.Add("test"))
        {
            IMemoryOwner<byte> block = pool.Rent();
            block.Dispose();
            block.Dispose();
        }

        Assert.True(hasRented);
    }

    [Fact]
    public void Pools_that_are_disposed_while_threads_rent_leave_nothing()
    {
        for (int round = 0; round < 20; round++)
        {
            NativeServerMemory memory = Make(4 << 20);
            ServerPool[] pools = [.. Enumerable.Range(0, 3).Select(i => memory.Add($"{i}"))];
            Parallel.For(
                0,
                4,
                thread =>
                {
                    if (thread == 0)
                    {
                        Thread.SpinWait(round * 500);
                        memory.Dispose();
                        return;
                    }

                    List<IMemoryOwner<byte>> mine = [];
                    try
                    {
                        for (int i = 0; i < 200; i++)
                        {
                            mine.Add(pools[thread - 1].Rent());
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                        // The pool has ended.
                    }

                    mine.ForEach(static block => block.Dispose());
                });
            Assert.Equal(0, memory.Budget.UsedBytes);
            Assert.Throws<ObjectDisposedException>(() => memory.Add("late"));
        }
    }

    private static NativeServerMemory Make(long limit, ILoggerFactory? loggers = null) => new(
        Options.Create(new NativeServerPoolOptions { Name = "Test", LimitBytes = limit, IdleAfter = TimeSpan.FromHours(1) }), loggers ?? NullLoggerFactory.Instance);

    /// <summary>A logger that calls a method for each line.</summary>
    private sealed class Calling(Action onLine) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => onLine();

        public void Dispose()
        {
        }
    }
}
