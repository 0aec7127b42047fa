using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Scoped buffers of 64 bytes in a process that tracks them by site: on one thread, and on two at once.</summary>
/// <remarks>In a process of its own, because whether a process tracks is settled when it starts.</remarks>
internal static class TrackedBuffers
{
    /// <summary>The verb that starts the measuring process. It prints the cost of a buffer on one thread and on each of two.</summary>
    public const string Verb = "tracked-buffers";

    private const int Length = 64;
    private const int Turns = 100;
    private const int Calls = 4000;
    private const int Rounds = 31;
    private const int WarmUps = 8;

    /// <summary>The work of the started process.</summary>
    public static void RunChild()
    {
        for (int i = 0; i < WarmUps; i++)
        {
            _ = Sample(threadCount: 2);

            // The compiler finishes in the background.
            Thread.Sleep(TimeSpan.FromMilliseconds(100));
        }

        double[] one = new double[Rounds];
        double[] two = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            one[round] = Sample(threadCount: 1);
            two[round] = Sample(threadCount: 2);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{one.Order().ElementAt(Rounds / 2)} {two.Order().ElementAt(Rounds / 2)}"));
    }

    /// <summary>Starts such a process, and reads its output: nanoseconds a buffer.</summary>
    public static (double One, double Two) Measure()
    {
        double[] figures = MeasuringProcess.Run(2, [Verb], [("NATIVEBUFFERS_TRACK", "sites")]);
        return (figures[0], figures[1]);
    }

    /// <summary>Nanoseconds a buffer, on average over threads that begin at once.</summary>
    private static double Sample(int threadCount)
    {
        double[] times = new double[threadCount];
        using var start = new Barrier(threadCount);
        Thread[] threads =
        [
            .. Enumerable.Range(0, threadCount).Select(index => new Thread(() =>
            {
                start.SignalAndWait();
                long begin = Stopwatch.GetTimestamp();
                for (int call = 0; call < Calls; call++)
                {
                    Turn();
                }

                times[index] = Stopwatch.GetElapsedTime(begin).TotalNanoseconds / (Calls * Turns);
            })),
        ];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return times.Average();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Turn()
    {
        for (int i = 0; i < Turns; i++)
        {
            using var buffer = NativeBuffer.Create<byte>(Length);
            buffer[0] = 1;
        }
    }
}
