using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Stats;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The result of a <see cref="AllocationCensus"/>, as counters that never decrease.</summary>
/// <remarks>
/// While threads work, a census may be wrong by one for each of them. If a figure is lower than the last one, the counter keeps the
/// last one until the census exceeds it.
/// </remarks>
internal sealed class AllocationFigures
{
    /// <summary>How long several instruments share one census, in milliseconds.</summary>
    private const long FreshFor = 20;

    private static readonly UninterruptedLock s_lock = new();
    private static AllocationFigures? s_last;

    private readonly AllocationCensus _census;
    private readonly long _serial;
    private readonly long _takenAt;

    private AllocationFigures(AllocationFigures? last, AllocationCensus census)
    {
        _census = census;
        _serial = (last?._serial ?? 0) + 1;
        Allocations = Raise(census.Allocations, last?.Allocations);
        Hits = Raise([.. census.Allocations.Select((all, i) => all - census.FromDepot[i] - census.Fresh[i])], last?.Hits);
        FromDepot = Raise(census.FromDepot, last?.FromDepot);
        Fresh = Raise(census.Fresh, last?.Fresh);
        _takenAt = Environment.TickCount64;
    }

    /// <summary>All blocks that were ever allocated, by <see cref="AllocationCounts"/>.</summary>
    public long[] Allocations { get; }

    /// <summary>Blocks that came from the cache of their thread.</summary>
    public long[] Hits { get; }

    /// <summary>Blocks that came from the depot.</summary>
    public long[] FromDepot { get; }

    /// <summary>Blocks that came from an allocator.</summary>
    public long[] Fresh { get; }

    /// <summary>Blocks that are allocated now.</summary>
    public long[] Blocks => _census.Blocks;

    /// <summary>The sum of their sizes, in bytes.</summary>
    public long[] Bytes => _census.Bytes;

    /// <summary>Figures that a reader has not seen yet. Another reader may have seen them a moment ago.</summary>
    /// <remarks>So the instruments of one collection share a census, and each collection takes a new one.</remarks>
    /// <param name="seen">The serial number of the figures that the reader has seen; 0 at first.</param>
    public static AllocationFigures Next(ref long seen)
    {
        using (s_lock.Enter())
        {
            if (s_last is null || s_last._serial <= seen || Environment.TickCount64 - s_last._takenAt > FreshFor)
            {
                s_last = new AllocationFigures(s_last, AllocationCensus.Take());
            }

            seen = s_last._serial;
            return s_last;
        }
    }

    private static long[] Raise(long[] now, long[]? last) => [.. now.Zip(last ?? new long[now.Length], long.Max)];
}
