using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target of sampled guards: their cost in a process that works with buffers of many sizes.</summary>
internal static class SampledTargets
{
    private const int Rounds = 9;
    private const double Target = 1.05;

    public static string What => "Buffers of 16 B to 16 KiB, 1 in 5000 a sample, new process";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        double[] sampled = new double[rounds];
        double[] off = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            // Each goes first in every other round.
            if (round % 2 == 0)
            {
                sampled[round] = MixedBuffers.Measure("sampled:5000");
            }

            off[round] = MixedBuffers.Measure("off");
            if (round % 2 != 0)
            {
                sampled[round] = MixedBuffers.Measure("sampled:5000");
            }
        }

        double[] ratios = [.. sampled.Zip(off, static (our, their) => our / their)];
        double ratio = Median(sampled) / Median(off);
        yield return new TargetRow(What, "guards off")
        {
            Ours = $"{Median(sampled):0} ms",
            Theirs = $"{Median(off):0} ms",
            Ratio = $"{ratio:0.000}",
            Spread = $"{ratios.Min():0.000}-{ratios.Max():0.000}",
            Target = $"≤ {Target:0.00}",
            IsMet = ratio <= Target,
        };
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);
}
