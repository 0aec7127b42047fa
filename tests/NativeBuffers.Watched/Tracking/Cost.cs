using System.Diagnostics;

namespace NativeBuffers.Watched.Tracking;

/// <summary>Prints what a scoped buffer costs, in nanoseconds, on one thread and on each of two.</summary>
internal static class Cost
{
    private const int Turns = 1_000_000;
    private const int Rounds = 15;

    public static void Run(string[] arguments)
    {
        _ = arguments;
        for (int i = 0; i < 5; i++)
        {
            _ = Measure(1);
            Thread.Sleep(100);
        }

        double[] one = new double[Rounds];
        double[] two = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            one[round] = Measure(1);
            two[round] = Measure(2);
        }

        Array.Sort(one);
        Array.Sort(two);
        Console.WriteLine($"one {one[Rounds / 2]:0.0} ns, two {two[Rounds / 2]:0.0} ns, {two[Rounds / 2] / one[Rounds / 2]:0.00}");
    }

    private static double Measure(int threadCount)
    {
        TimeSpan before = Environment.CpuUsage.UserTime;
        double[] times = new double[threadCount];
        using var start = new Barrier(threadCount);
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(index => new Thread(() =>
        {
            start.SignalAndWait();
            long begin = Stopwatch.GetTimestamp();
            for (int i = 0; i < Turns / 100; i++)
            {
                Turn();
            }

            times[index] = Stopwatch.GetElapsedTime(begin).TotalNanoseconds / Turns;
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        if (Environment.GetEnvironmentVariable("CPU") == "1")
        {
            return (Environment.CpuUsage.UserTime - before).TotalNanoseconds / Turns / threadCount;
        }

        return times.Average();
    }

    private static void Turn()
    {
        for (int i = 0; i < 100; i++)
        {
            using var buffer = NativeBuffer.Create<byte>(64);
            buffer[0] = 1;
        }
    }
}
