using System.Diagnostics;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>Two ways to do the same long work, each done once a round, in turns.</summary>
internal sealed class LongRace(string what, string against, double target, Func<long> ours, Func<long> theirs)
{
    private const int Rounds = 5;

    public string What => what;

    /// <summary>Prepares the race; its result is disposed afterwards.</summary>
    public Func<IDisposable?> Prepare { get; init; } = static () => null;

    public IEnumerable<TargetRow> Run(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        using IDisposable? prepared = Prepare();

        // The first time is for the compiler, and for memory that the machine has not given this process yet.
        if (ours() != theirs())
        {
            throw new InvalidOperationException($"{what}: the two sides of the race do different work.");
        }

        double[] ourTimes = new double[rounds];
        double[] theirTimes = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            ourTimes[round] = Time(ours);
            theirTimes[round] = Time(theirs);
        }

        double[] ratios = [.. ourTimes.Zip(theirTimes, static (our, their) => our / their)];
        double ratio = Median(ourTimes) / Median(theirTimes);
        yield return new TargetRow(what, against)
        {
            Ours = $"{Median(ourTimes):0.00} ms",
            Theirs = $"{Median(theirTimes):0.00} ms",
            Ratio = $"{ratio:0.000}",
            Spread = $"{ratios.Min():0.000}-{ratios.Max():0.000}",
            Target = $"≤ {target:0.00}",
            IsMet = ratio <= target,
        };
    }

    private static double Time(Func<long> work)
    {
        long start = Stopwatch.GetTimestamp();
        _ = work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);
}
