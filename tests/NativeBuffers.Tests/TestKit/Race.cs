using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Threads that start together, and repeat their turns against each other until the time is over or one fails.</summary>
/// <remarks>The time is one second, or the number in the environment variable: 120 for a long soak.</remarks>
internal sealed class Race
{
    private const string SecondsVariable = "NATIVEBUFFERS_RACE_SECONDS";

    /// <summary>Longer than this after the end, and a thread counts as hanging.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<Exception> _failures = new();
    private long _turns;
    private volatile bool _isOver;

    public static TimeSpan Duration { get; } = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable(SecondsVariable), CultureInfo.InvariantCulture, out double seconds) ? seconds : 1);

    public bool IsOver => _isOver;

    /// <summary>Whether a race has reached its goal; a slow machine gets a minute more.</summary>
    public Func<bool> IsEnough { get; init; } = static () => true;

    /// <summary>All threads' turns together. While the race goes on: their first ones.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Whether a loop against other threads goes on: for <see cref="Duration"/>, and up to a minute more until it has done enough.</summary>
    /// <param name="watch">Started with the loop.</param>
    /// <param name="isEnough">Whether the loop has reached its goal, however slow the machine is.</param>
    public static bool GoesOn(Stopwatch watch, bool isEnough = true) =>
        watch.Elapsed < Duration || (!isEnough && watch.Elapsed < Duration + s_patience);

    /// <summary>Runs each of these again and again on a thread of its own; throws what any of them threw.</summary>
    public void Run(params Action<Random>[] turns) => Run(isInterrupted: false, turns);

    /// <summary>Runs the turns as <see cref="Run(Action{Random}[])"/> does, and interrupts the threads all the time.</summary>
    public void RunInterrupted(params Action<Random>[] turns) => Run(isInterrupted: true, turns);

    /// <summary>Two threads act at the same moment, once a round. An exception of either thread fails the test.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="left">The first thread's action, which takes the number of the round.</param>
    /// <param name="right">The second thread's action.</param>
    public static void RunRounds(int rounds, Action<int> left, Action<int> right)
    {
        int leftRound = 0;
        int rightRound = 0;
        Exception? failure = null;
        var second = new Thread(() => Go(right, ref rightRound, ref leftRound));
        second.Start();
        Go(left, ref leftRound, ref rightRound);
        second.Join();
        Assert.Null(failure);

        void Go(Action<int> action, ref int mine, ref int theirs)
        {
            for (int round = 0; round < rounds; round++)
            {
                // Not a barrier of the platform, from which the two threads return microseconds apart.
                Volatile.Write(ref mine, round + 1);
                for (int turn = 0; Volatile.Read(ref theirs) <= round; turn++)
                {
                    if (turn > 1000)
                    {
                        Thread.Yield(); // The second thread may wait for this processor.
                    }
                }

                // Each round shifts the two threads a little, so that every moment of one meets every moment of the second.
                for (int delay = ReferenceEquals(action, left) ? round % 97 : round % 101; delay > 0; delay--)
                {
                    _ = Volatile.Read(ref mine);
                }

                try
                {
                    action(round);
                }
                catch (Exception thrown)
                {
                    // The second thread waits for this one, so go on.
                    failure = thrown;
                }
            }
        }
    }

    /// <summary>Runs this on a thread of its own, which has ended afterwards.</summary>
    public void RunBriefly(Action body)
    {
        var thread = new Thread(() => Guard(body)) { IsBackground = true };
        thread.Start();
        thread.Join();
    }

    /// <summary>Throws what any thread threw.</summary>
    public void ThrowIfFailed() => Assert.Empty(_failures);

    private void Run(bool isInterrupted, Action<Random>[] turns)
    {
        int waiting = turns.Length;
        Thread[] threads =
        [
            .. turns.Select(
                turn => new Thread(
                    () =>
                    {
                        var random = new Random();

                        // Without sleeping: an interruption would end that.
                        Interlocked.Decrement(ref waiting);
                        while (Volatile.Read(ref waiting) != 0)
                        {
                            Thread.Yield();
                        }

                        Guard(() => Repeat(turn, random));
                    })
                {
                    IsBackground = true,
                }),
        ];
        Array.ForEach(threads, static thread => thread.Start());
        for (var watch = Stopwatch.StartNew(); GoesOn(watch, Turns > 0 && IsEnough()) && _failures.IsEmpty;)
        {
            if (isInterrupted)
            {
                Array.ForEach(threads, static thread => thread.Interrupt());
                Thread.Yield();
            }
            else
            {
                Thread.Sleep(10);
            }
        }

        _isOver = true;
        foreach (Thread thread in threads)
        {
            Assert.True(thread.Join(s_patience), $"A thread hangs. {string.Join(' ', _failures)}");
        }

        ThrowIfFailed();
        Assert.NotEqual(0, Turns);
    }

    private void Repeat(Action<Random> turn, Random random)
    {
        long count = 0;
        while (!_isOver)
        {
            turn(random);
            if (count++ == 0)
            {
                Interlocked.Increment(ref _turns);
            }
        }

        Interlocked.Add(ref _turns, long.Max(count - 1, 0));
    }

    private void Guard(Action body)
    {
        try
        {
            body();
        }
        catch (Exception exception)
        {
            if (_failures.Count < 8)
            {
                _failures.Enqueue(exception);
            }

            _isOver = true;
        }
    }
}
