using System.Diagnostics;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>Two loops that do the same work, measured in turns in one process.</summary>
/// <remarks>
/// The machine's moods (its clock, its neighbours) last longer than a round, so each round meets both sides alike. The
/// figures are medians over the rounds, and the spread is that of the rounds' own ratios.
/// </remarks>
internal sealed class Race(string what, string against, double target, int byteCount, Loop ours, Loop theirs)
{
    /// <summary>How often the timed method is entered to warm it up, each time before a pause for the compiler.</summary>
    private const int CallsToWarmUp = 40;

    /// <summary>The fewest calls, where one takes long: with those of all turns, more than the compiler counts before it optimizes.</summary>
    private const int LeastCallsToWarmUp = 8;

    private const int Rounds = 21;

    private static readonly TimeSpan s_warmUpLength = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_sampleLength = TimeSpan.FromMilliseconds(10);

    public string What => what;

    public string Against => against;

    /// <summary>How often a loop is turned per call: so few that the method is entered often, and the best code runs.</summary>
    public int TurnsPerCall { get; init; } = 256;

    /// <summary>The fewest calls of a sample: fewer for work that takes long.</summary>
    public int LeastCalls { get; init; } = 20;

    /// <summary>The limit of our time a turn, in nanoseconds, besides the ratio; none by default.</summary>
    public double NanosecondsTarget { get; init; } = double.PositiveInfinity;

    /// <summary>Buffers created and disposed in each turn.</summary>
    public int BuffersPerTurn { get; init; } = 1;

    /// <summary>The work of a second thread at the same time; null if there is none.</summary>
    public Loop? BesideOurs { get; init; }

    /// <summary>The work of a second thread while the rival is measured; null if there is none.</summary>
    public Loop? BesideTheirs { get; init; }

    /// <summary>Brings the process into the state that the race is about, before it starts.</summary>
    public Action Prepare { get; init; } = static () => { };

    /// <summary>Runs both sides for a while, and checks that they do the same work.</summary>
    public void WarmUp(Effort effort)
    {
        TimeSpan length = effort.Length(s_warmUpLength);
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < CallsToWarmUp && (call < effort.Rounds(LeastCallsToWarmUp) || Stopwatch.GetElapsedTime(start) < length); call++)
        {
            if (ours(TurnsPerCall, byteCount) != theirs(TurnsPerCall, byteCount))
            {
                throw new InvalidOperationException($"{what}: the two sides of the race do different work.");
            }
        }
    }

    public TargetRow Run(Effort effort)
    {
        Prepare();
        int rounds = effort.Rounds(Rounds);
        TimeSpan sample = effort.Length(s_sampleLength);
        int ourCalls = CallsPerSample(ours, sample);
        int theirCalls = CallsPerSample(theirs, sample);
        double[] ourTimes = new double[rounds];
        double[] theirTimes = new double[rounds];
        double[] ratios = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            ourTimes[round] = Sample(ours, ourCalls, BesideOurs);
            theirTimes[round] = Sample(theirs, theirCalls, BesideTheirs);
            ratios[round] = ourTimes[round] / theirTimes[round];
        }

        double ourMedian = Median(ourTimes);
        double theirMedian = Median(theirTimes);
        double ratio = ourMedian / theirMedian;
        return new TargetRow(what, against)
        {
            Ours = $"{ourMedian:0.00} ns",
            Theirs = $"{theirMedian:0.00} ns",
            Ratio = $"{ratio:0.000}",
            Spread = $"{ratios.Min():0.000}-{ratios.Max():0.000}",
            Target = double.IsFinite(NanosecondsTarget) ? $"≤ {target:0.00}, {NanosecondsTarget:0.0} ns" : $"≤ {target:0.00}",
            IsMet = ratio <= target && ourMedian <= NanosecondsTarget,
        };
    }

    private int CallsPerSample(Loop loop, TimeSpan length)
    {
        double nanosecondsPerCall = Sample(loop, LeastCalls) * TurnsPerCall * BuffersPerTurn;
        return int.Max(LeastCalls, (int)(length.TotalNanoseconds / nanosecondsPerCall));
    }

    /// <summary>Nanoseconds per buffer.</summary>
    private double Sample(Loop loop, int calls, Loop? beside = null)
    {
        using Companion? companion = beside is null ? null : new Companion(beside, TurnsPerCall, byteCount);
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < calls; call++)
        {
            _ = loop(TurnsPerCall, byteCount);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / ((double)calls * TurnsPerCall * BuffersPerTurn);
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
