using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Stats;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The result of a <see cref="AllocationCensus"/>, as counters that never decrease.</summary>
/// <remarks>
/// While threads work, a census may be wrong by one for each of them. If a figure is lower than the last one, the counter keeps the
/// last one until the census exceeds it.
/// </remarks>
internal sealed class LoanFigures
{
    /// <summary>How long several instruments share one census, in milliseconds.</summary>
    private const long FreshFor = 20;

    private static readonly UninterruptedLock s_lock = new();
    private static LoanFigures? s_last;

    private readonly AllocationCensus _census;
    private readonly long _serial;
    private readonly long _takenAt;

    private LoanFigures(LoanFigures? last, AllocationCensus census)
    {
        _census = census;
        _serial = (last?._serial ?? 0) + 1;
        for (int i = 0; i < AllocationCounts.Classes; i++)
        {
            long misses = census.FromDepot[i] + census.Fresh[i];
            Loans[i] = long.Max(census.Allocations[i], last?.Loans[i] ?? 0);
            Hits[i] = long.Max(census.Allocations[i] - misses, last?.Hits[i] ?? 0);
            FromDepot[i] = long.Max(census.FromDepot[i], last?.FromDepot[i] ?? 0);
            Fresh[i] = long.Max(census.Fresh[i], last?.Fresh[i] ?? 0);
        }

        _takenAt = Environment.TickCount64;
    }

    /// <summary>All blocks that were ever allocated, by <see cref="AllocationCounts"/>.</summary>
    public long[] Loans { get; } = new long[AllocationCounts.Classes];

    /// <summary>Blocks that came from the cache of their thread.</summary>
    public long[] Hits { get; } = new long[AllocationCounts.Classes];

    /// <summary>Blocks that came from the depot.</summary>
    public long[] FromDepot { get; } = new long[AllocationCounts.Classes];

    /// <summary>Blocks that came from an allocator.</summary>
    public long[] Fresh { get; } = new long[AllocationCounts.Classes];

    /// <summary>Blocks that are allocated now.</summary>
    public long[] Blocks => _census.Blocks;

    /// <summary>The sum of their sizes, in bytes.</summary>
    public long[] Bytes => _census.Bytes;

    /// <summary>Figures that a reader has not seen yet. Another reader may have seen them a moment ago.</summary>
    /// <remarks>So the instruments of one collection share a census, and each collection takes a new one.</remarks>
    /// <param name="seen">The serial number of the figures that the reader has seen; 0 at first.</param>
    public static LoanFigures Next(ref long seen)
    {
        using (s_lock.Enter())
        {
            if (s_last is null || s_last._serial <= seen || Environment.TickCount64 - s_last._takenAt > FreshFor)
            {
                s_last = new LoanFigures(s_last, AllocationCensus.Take());
            }

            seen = s_last._serial;
            return s_last;
        }
    }
}
