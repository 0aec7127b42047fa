using NativeBuffers.Benchmarks.Collections;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of a list that grows to 100 million elements: its time, and its peak of memory.</summary>
internal static class ListTargets
{
    private const int Rounds = 9;
    private const double TimeTarget = 0.7;
    private const double MemoryTarget = 0.6;

    public static string What => $"NativeList<int>, {ListGrowth.Count / 1_000_000} million Adds, new process";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        var ours = new (double Milliseconds, long PeakBytes)[rounds];
        var theirs = new (double Milliseconds, long PeakBytes)[rounds];
        for (int round = 0; round < rounds; round++)
        {
            // The sides take turns in going first: the second one may get pages that the first has just freed.
            if (round % 2 == 0)
            {
                ours[round] = ListGrowth.Measure("native");
            }

            theirs[round] = ListGrowth.Measure("managed");
            if (round % 2 != 0)
            {
                ours[round] = ListGrowth.Measure("native");
            }
        }

        yield return Row("List<int>, time", TimeTarget, "ms", static figures => figures.Milliseconds);
        yield return Row("List<int>, peak resident", MemoryTarget, "MiB", static figures => figures.PeakBytes / (1024.0 * 1024));

        TargetRow Row(string against, double target, string unit, Func<(double Milliseconds, long PeakBytes), double> figure)
        {
            double our = Median(ours.Select(figure));
            double their = Median(theirs.Select(figure));
            double[] ratios = [.. ours.Zip(theirs, (o, t) => figure(o) / figure(t))];
            return new TargetRow(What, against)
            {
                Ours = $"{our:0} {unit}",
                Theirs = $"{their:0} {unit}",
                Ratio = $"{our / their:0.000}",
                Spread = $"{ratios.Min():0.000}-{ratios.Max():0.000}",
                Target = $"≤ {target:0.00}",
                IsMet = our / their <= target,
            };
        }
    }

    private static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return sorted[sorted.Length / 2];
    }
}
