using System.Diagnostics;
using NativeBuffers.Benchmarks.Targets;

namespace NativeBuffers.Benchmarks.Scale;

/// <summary>Some threads that do the same work at the same time. Each thread measures its own time.</summary>
internal static class Crowd
{
    private const int Rounds = 5;
    private const int TurnsPerCall = 256;
    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_sample = TimeSpan.FromMilliseconds(60);

    /// <summary>Nanoseconds a turn: the median over the threads and rounds.</summary>
    /// <param name="threadCount">The number of threads.</param>
    /// <param name="loop">The work, which all threads call.</param>
    /// <param name="byteCount">The size that the loop is called with.</param>
    public static double Measure(int threadCount, Loop loop, int byteCount)
    {
        double[] times = new double[threadCount * Rounds];
        using var start = new Barrier(threadCount);
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(index => new Thread(() => Work(index)))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return times.Order().ElementAt(times.Length / 2);

        void Work(int index)
        {
            _ = Turn(s_warmUp);
            for (int round = 0; round < Rounds; round++)
            {
                start.SignalAndWait();
                times[(index * Rounds) + round] = Turn(s_sample);

                // The other threads still measure: this one goes on, so that each of them has all its neighbours until the end.
                _ = Turn(s_sample / 4);
            }
        }

        double Turn(TimeSpan length)
        {
            long first = Stopwatch.GetTimestamp();
            long turns = 0;
            TimeSpan elapsed;
            do
            {
                _ = loop(TurnsPerCall, byteCount);
                turns += TurnsPerCall;
                elapsed = Stopwatch.GetElapsedTime(first);
            }
            while (elapsed < length);

            return elapsed.TotalNanoseconds / turns;
        }
    }
}
