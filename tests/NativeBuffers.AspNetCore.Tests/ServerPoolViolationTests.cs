using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>Rentals that are returned twice or never: they change nothing, and the log names them.</summary>
public class ServerPoolViolationTests
{
    [Fact]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void A_second_return_changes_nothing_and_is_reported()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
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
    public void Of_two_returns_on_two_threads_one_is_reported()
    {
        const int Rounds = 500;
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
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
    public void A_forgotten_rental_comes_back_and_is_reported()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
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
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void A_logger_may_rent_on_another_thread()
    {
        ServerPool? pool = null;
        bool hasRented = false;
        using var log = new Calling(() => hasRented = Task.Run(() => pool!.Rent().Dispose()).Wait(TimeSpan.FromMinutes(1)));
        using NativeServerMemory memory = TestMemory.Make(1 << 20, log);
        using (pool = memory.Add("test"))
        {
            IMemoryOwner<byte> block = pool.Rent();
            block.Dispose();
            block.Dispose();
        }

        Assert.True(hasRented);
    }

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
