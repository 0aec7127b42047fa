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

    /// <summary>Runs all, and prints the figures. The exit code is 1 if a target is missed.</summary>
    public static async Task<int> RunAsync(int rounds, int seconds)
    {
        using var theirs = new Child("default");
        using var ours = new Child("ours");
        foreach (Child child in new[] { theirs, ours })
        {
            await child.Load.MeasureAsync(Connections, AnswerBytes, TimeSpan.FromSeconds(seconds));
        }

        List<double> ratios = [];
        for (int round = 0; round < rounds; round++)
        {
            // The order changes, because the machine becomes warmer, or busier.
            Child[] order = round % 2 == 0 ? [theirs, ours] : [ours, theirs];
            double first = await order[0].Load.MeasureAsync(Connections, AnswerBytes, TimeSpan.FromSeconds(seconds));
            double second = await order[1].Load.MeasureAsync(Connections, AnswerBytes, TimeSpan.FromSeconds(seconds));
            (double platform, double own) = round % 2 == 0 ? (first, second) : (second, first);
            ratios.Add(own / platform);
            Print($"round {round + 1}: {platform:N0} and {own:N0} requests a second, ratio {own / platform:0.00}");
        }

        double ratio = ratios.Order().ElementAt(rounds / 2);
        Print($"requests a second, ours / default, the median: {ratio:0.00} (target 1.0)");
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
