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
    /// <remarks>
    /// Each round has two new processes: the JIT and the addresses make one process of a server up to a tenth faster or slower than the next one.
    /// </remarks>
    public static async Task<int> RunAsync(int rounds, int seconds)
    {
        Measured theirs = new();
        Measured ours = new();
        List<double> ratios = [];
        for (int round = 0; round < rounds; round++)
        {
            List<double> ofRound = await MeasureAsync(seconds, theirs, ours);
            ratios.AddRange(ofRound);
            Print($"round {round + 1}: requests a second, ours / default: {Quantile(ofRound, 0.5):0.00}");
        }

        double ratio = Quantile(ratios, 0.5);
        Print($"default and ours: {theirs.Rate:N0} and {ours.Rate:N0} requests a second, over all {ratios.Count} pairs of slices");
        Print($"requests a second, ours / default, the median of the pairs: {ratio:0.00} (target 1.0)");
        Print($"half of the pairs are from {Quantile(ratios, 0.25):0.00} to {Quantile(ratios, 0.75):0.00}");
        Print($"processor time of the server for a request: {theirs.Cost:0.00} and {ours.Cost:0.00} us, ours / default {ours.Cost / theirs.Cost:0.00}");
        (long heap, _) = await BurstAsync("default");
        (long ownHeap, long ownRise) = await BurstAsync("ours");
        Print($"managed heap in use 10 s after the burst, ours / default: {(double)ownHeap / heap:0.00} (target below 1.0)");
        Print($"resident memory of ours, 10 s after the burst: {ownRise / 1e6:0.0} MB above the one before (target: at most 5)");
        return ratio >= 0.97 && ownHeap < heap && ownRise <= 5_000_000 ? 0 : 1;
    }

    /// <summary>Measures two new processes, and returns the ratios of their rates.</summary>
    private static async Task<List<double>> MeasureAsync(int seconds, Measured theirs, Measured ours)
    {
        using var platform = new Child("default");
        using var own = new Child("ours");
        foreach (Child child in new[] { platform, own })
        {
            await child.Load.OpenAsync(Connections);
            _ = await child.Load.MeasureAsync(AnswerBytes, s_warmUp);
        }

        List<double> ratios = [];
        for (int slice = 0; slice < seconds * SlicesASecond; slice++)
        {
            // In turns, in both orders: other work of the machine lasts longer than two slices, and hits both. A pair of slices of
            // which it hits one is far from the median.
            bool isOursFirst = slice % 2 == 1;
            double first = await (isOursFirst ? ours.AddAsync(own) : theirs.AddAsync(platform));
            double second = await (isOursFirst ? theirs.AddAsync(platform) : ours.AddAsync(own));
            ratios.Add(isOursFirst ? first / second : second / first);
        }

        platform.Load.Close();
        own.Load.Close();
        return ratios;
    }

    /// <summary>The managed heap in use 10 seconds after a burst, and the rise of resident memory since before.</summary>
    private static async Task<(long Heap, long Rise)> BurstAsync(string name)
    {
        using var child = new Child(name);
        await child.Load.OpenAsync(Connections);
        _ = await child.Load.MeasureAsync(AnswerBytes, s_warmUp);
        child.Load.Close();

        // The code that a burst needs is compiled before: it stays, and is no memory of the burst.
        await child.Load.BurstAsync(connections: 1, BurstBytes, static () => Task.CompletedTask);
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

    /// <summary>The value below which this part of the values lies.</summary>
    private static double Quantile(List<double> values, double part) => values.Order().ElementAt((int)(values.Count * part));

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>All that was measured of one kind of server.</summary>
    private sealed class Measured
    {
        private long _count;
        private TimeSpan _time;
        private TimeSpan _processorTime;

        /// <summary>Requests a second.</summary>
        public double Rate => _count / _time.TotalSeconds;

        /// <summary>Microseconds of the processor for a request.</summary>
        public double Cost => _processorTime.TotalMicroseconds / _count;

        /// <summary>Measures a slice, and returns its requests a second.</summary>
        public async Task<double> AddAsync(Child child)
        {
            TimeSpan before = child.ProcessorTime;
            (long count, TimeSpan time) = await child.Load.MeasureAsync(AnswerBytes, s_slice);
            _processorTime += child.ProcessorTime - before;
            (_count, _time) = (_count + count, _time + time);
            return count / time.TotalSeconds;
        }
    }

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
