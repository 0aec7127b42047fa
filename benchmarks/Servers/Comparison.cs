using System.Diagnostics;
using System.Globalization;

namespace NativeBuffers.Benchmarks.Servers;

/// <summary>Requests a second, managed heap and resident memory, of both pools in one run.</summary>
internal static class Comparison
{
    private const int Connections = 32;
    private const int AnswerBytes = 2000;
    private const int BurstConnections = 600;
    private const int BurstBytes = 64 << 10;
    private const int SlicesASecond = 10;

    // After a second the JIT is still at work: the time of the processor for a request is a tenth higher then.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_slice = TimeSpan.FromSeconds(1.0 / SlicesASecond);

    /// <summary>Runs all, and prints the figures. The exit code is 1 if a target is missed.</summary>
    public static async Task<int> RunAsync(int rounds, int seconds)
    {
        using var theirs = new Child("default");
        using var ours = new Child("ours");
        foreach (Child child in new[] { theirs, ours })
        {
            await child.Load.OpenAsync(Connections);
            _ = await child.Load.MeasureAsync(AnswerBytes, s_warmUp);
        }

        TimeSpan theirsBefore = theirs.ProcessorTime;
        TimeSpan oursBefore = ours.ProcessorTime;
        (long Count, TimeSpan Time) platform = default;
        (long Count, TimeSpan Time) own = default;
        List<double> ratios = [];
        for (int slice = 0; slice < rounds * seconds * SlicesASecond; slice++)
        {
            // One after the other, in both orders: other work of the machine lasts longer than two slices, and hits both. A pair of slices of
            // which it hits one is far from the median.
            bool isOursFirst = slice % 2 == 1;
            (long Count, TimeSpan Time) first = await (isOursFirst ? ours : theirs).Load.MeasureAsync(AnswerBytes, s_slice);
            (long Count, TimeSpan Time) second = await (isOursFirst ? theirs : ours).Load.MeasureAsync(AnswerBytes, s_slice);
            ((long Count, TimeSpan Time) ourSlice, (long Count, TimeSpan Time) theirSlice) = isOursFirst ? (first, second) : (second, first);
            (platform, own) = (Sum(platform, theirSlice), Sum(own, ourSlice));
            ratios.Add(RateOf(ourSlice) / RateOf(theirSlice));
        }

        theirs.Load.Close();
        ours.Load.Close();
        ratios.Sort();
        double ratio = ratios[ratios.Count / 2];
        Print($"default and ours: {RateOf(platform):N0} and {RateOf(own):N0} requests a second, over all {ratios.Count} pairs of slices");
        Print($"requests a second, ours / default, the median of the pairs: {ratio:0.00} (target 1.0)");
        Print($"half of the pairs are from {ratios[ratios.Count / 4]:0.00} to {ratios[ratios.Count * 3 / 4]:0.00}");
        double cost = (theirs.ProcessorTime - theirsBefore).TotalMicroseconds / platform.Count;
        double ownCost = (ours.ProcessorTime - oursBefore).TotalMicroseconds / own.Count;
        Print($"processor time of the server for a request: {cost:0.00} and {ownCost:0.00} us, ours / default {ownCost / cost:0.00}");
        (long heap, _) = await BurstAsync(theirs, "default");
        (long ownHeap, long ownRise) = await BurstAsync(ours, "ours");
        Print($"managed heap in use 10 s after the burst, ours / default: {(double)ownHeap / heap:0.00} (target below 1.0)");
        Print($"resident memory of ours, 10 s after the burst: {ownRise / 1e6:0.0} MB above the one before (target: at most 5)");
        return ratio >= 0.97 && ownHeap < heap && ownRise <= 5_000_000 ? 0 : 1;
    }

    /// <summary>The managed heap in use 10 seconds after a burst, and the rise of resident memory since before.</summary>
    private static async Task<(long Heap, long Rise)> BurstAsync(Child child, string name)
    {
        (long heapBefore, long before) = await child.Load.FiguresAsync(isCollected: false);
        (long Heap, long Resident) peak = default;
        await child.Load.BurstAsync(BurstConnections, BurstBytes, async () => peak = await child.Load.FiguresAsync(isCollected: false));
        await Task.Delay(TimeSpan.FromSeconds(10));
        (long heap, long after) = await child.Load.FiguresAsync(isCollected: true);
        Print($"{name,-8} before the burst, at its peak and 10 s after it, in MB:");
        Print($"         managed heap {heapBefore / 1e6:0.0}, {peak.Heap / 1e6:0.0}, {heap / 1e6:0.0} after a collection");
        Print($"         resident {before / 1e6:0.0}, {peak.Resident / 1e6:0.0}, {after / 1e6:0.0}");
        return (heap, after - before);
    }

    private static (long Count, TimeSpan Time) Sum((long Count, TimeSpan Time) one, (long Count, TimeSpan Time) other) =>
        (one.Count + other.Count, one.Time + other.Time);

    private static double RateOf((long Count, TimeSpan Time) slice) => slice.Count / slice.Time.TotalSeconds;

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>The process of a server.</summary>
    private sealed class Child : IDisposable
    {
        private readonly Process _process;

        public Child(string pool)
        {
            _process = Process.Start(
                new ProcessStartInfo(Environment.ProcessPath!, [.. Dll(), "serve", pool]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
            Load = new Load(int.Parse(_process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture));
        }

        public Load Load { get; }

        public TimeSpan ProcessorTime
        {
            get
            {
                _process.Refresh();
                return _process.TotalProcessorTime;
            }
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }

        /// <summary>The program's own file, if the runtime's host was started with it.</summary>
        private static string[] Dll() =>
            Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Child).Assembly.Location] : [];
    }
}
