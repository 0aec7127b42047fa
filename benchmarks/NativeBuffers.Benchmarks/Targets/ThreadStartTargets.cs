using System.Diagnostics;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of many threads that live at one time: the first buffer of the last one, and the memory of an idle one.</summary>
internal static class ThreadStartTargets
{
    private const int ThreadCount = 1000;
    private const int SampleCount = 100;
    private const int StackBytes = 128 * 1024;
    private const double TargetMicroseconds = 3;
    private const double TargetKibibytes = 16;

    public static string What => "First buffer of the 1000th live thread";

    public static IEnumerable<TargetRow> Measure()
    {
        _ = Sample();
        (double first, double last, double kibibytes) = Sample();
        yield return new TargetRow(What, "of the first")
        {
            Ours = $"{last:0.0} µs",
            Theirs = $"{first:0.0} µs",
            Ratio = $"{last / first:0.00}",
            Target = $"≤ {TargetMicroseconds:0} µs",
            IsMet = last <= TargetMicroseconds,
        };
        yield return new TargetRow("Resident memory of an idle thread after its first buffer", "before")
        {
            Ours = $"{kibibytes:0.0} KiB",
            Target = $"≤ {TargetKibibytes:0} KiB",
            IsMet = kibibytes <= TargetKibibytes,
        };
    }

    /// <summary>Medians of the first and of the last threads, and the memory that one of them adds when it uses its first buffer.</summary>
    private static (double First, double Last, double Kibibytes) Sample()
    {
        double[] microseconds = new double[ThreadCount];
        using var isIdle = new SemaphoreSlim(0);
        using var end = new ManualResetEventSlim();
        var begins = new SemaphoreSlim[ThreadCount];
        var threads = new Thread[ThreadCount];
        for (int i = 0; i < ThreadCount; i++)
        {
            int number = i;
            begins[i] = new SemaphoreSlim(0);
            threads[i] = new Thread(() => Live(begins[number], isIdle, end, out microseconds[number]), StackBytes);
            threads[i].Start();
            isIdle.Wait();
        }

        long before = ResidentMemory.ByteCount;
        foreach (SemaphoreSlim begin in begins)
        {
            _ = begin.Release();
            isIdle.Wait();
        }

        double kibibytes = (ResidentMemory.ByteCount - before) / 1024.0 / ThreadCount;
        end.Set();
        Array.ForEach(threads, static thread => thread.Join());
        Array.ForEach(begins, static begin => begin.Dispose());
        return (Median(microseconds.AsSpan(0, SampleCount)), Median(microseconds.AsSpan(ThreadCount - SampleCount)), kibibytes);
    }

    private static void Live(SemaphoreSlim begin, SemaphoreSlim isIdle, ManualResetEventSlim end, out double microseconds)
    {
        _ = isIdle.Release();
        begin.Wait();
        long start = Stopwatch.GetTimestamp();
        using (NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(64))
        {
            microseconds = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        _ = isIdle.Release();
        end.Wait();
    }

    private static double Median(Span<double> values)
    {
        double[] sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted[sorted.Length / 2];
    }
}
