using NativeBuffers.Blocks.Stats;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>What a <see cref="LoanCensus"/> has found, as counters that never go back.</summary>
/// <remarks>
/// Of what is read while threads work, a number may be one too high or too low for each of them. What was told already is not
/// taken back: the counter waits until it is right again.
/// </remarks>
internal sealed class LoanFigures
{
    /// <summary>How long one census serves several instruments, in milliseconds.</summary>
    private const long FreshFor = 20;

    private static readonly UninterruptedLock s_gate = new();
    private static LoanFigures? s_last;

    private readonly LoanCensus _census;
    private readonly long _serial;
    private readonly long _takenAt;

    private LoanFigures(LoanFigures? last, LoanCensus census)
    {
        _census = census;
        _serial = (last?._serial ?? 0) + 1;
        for (int i = 0; i < LoanClasses.Count; i++)
        {
            long misses = census.FromDepot[i] + census.Fresh[i];
            Loans[i] = long.Max(census.Loans[i], last?.Loans[i] ?? 0);
            Hits[i] = long.Max(census.Loans[i] - misses, last?.Hits[i] ?? 0);
            FromDepot[i] = long.Max(census.FromDepot[i], last?.FromDepot[i] ?? 0);
            Fresh[i] = long.Max(census.Fresh[i], last?.Fresh[i] ?? 0);
        }

        _takenAt = Environment.TickCount64;
    }

    /// <summary>Loans that have begun, by <see cref="LoanClasses"/>.</summary>
    public long[] Loans { get; } = new long[LoanClasses.Count];

    /// <summary>Those whose blocks a thread's cache had.</summary>
    public long[] Hits { get; } = new long[LoanClasses.Count];

    /// <summary>Those whose blocks came from the depot.</summary>
    public long[] FromDepot { get; } = new long[LoanClasses.Count];

    /// <summary>Those whose blocks came from an allocator.</summary>
    public long[] Fresh { get; } = new long[LoanClasses.Count];

    /// <summary>Blocks that owners have now.</summary>
    public long[] Blocks => _census.Blocks;

    /// <summary>Those blocks, in bytes.</summary>
    public long[] Bytes => _census.Bytes;

    /// <summary>Figures that a reader has not seen yet; others may have, a moment ago.</summary>
    /// <remarks>So the instruments of one collection share a census, and each collection has its own.</remarks>
    /// <param name="seen">What the reader has seen: 0 at first.</param>
    public static LoanFigures Next(ref long seen)
    {
        using (s_gate.Enter())
        {
            if (s_last is null || s_last._serial <= seen || Environment.TickCount64 - s_last._takenAt > FreshFor)
            {
                s_last = new LoanFigures(s_last, LoanCensus.Take());
            }

            seen = s_last._serial;
            return s_last;
        }
    }
}
