using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A buffer is created and disposed in a process that was started with <c>NATIVEBUFFERS_GUARD=checked</c>.</summary>
internal static class CheckedLoop
{
    /// <summary>The verb by which the process is started that measures, and then prints nanoseconds a round trip.</summary>
    public const string Verb = "checked-loop";

    private const int Rounds = 101;
    private const int WarmUps = 60;

    /// <summary>The work of the started process.</summary>
    public static void RunChild(int byteCount)
    {
        int turns = 20_000_000 / (byteCount + 200);
        for (int i = 0; i < WarmUps; i++)
        {
            Work(turns, byteCount);
            if (i == WarmUps / 2)
            {
                // The compiler finishes in the background.
                Thread.Sleep(TimeSpan.FromMilliseconds(300));
            }
        }

        double[] times = new double[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Work(turns, byteCount);
            times[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / turns;
        }

        Array.Sort(times);
        Console.WriteLine(times[Rounds / 2].ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Starts such a process, and reads its output.</summary>
    public static double Measure(int byteCount)
    {
        return MeasuringProcess.Run(1, [Verb, byteCount.ToString(CultureInfo.InvariantCulture)], [("NATIVEBUFFERS_GUARD", "checked")])[0];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Work(int turns, int byteCount)
    {
        for (int i = 0; i < turns; i++)
        {
            using var buffer = NativeBuffer.Create<byte>(byteCount);
            buffer[0] = 1;
        }
    }
}
