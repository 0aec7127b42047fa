using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Stats;

namespace NativeBuffers.Tests.TestKit;

/// <summary>The counts since its creation.</summary>
internal sealed class CountsSince
{
    private readonly AllocationCensus _before = Census();

    /// <summary>How many allocations have begun, by size of block; 0 for large blocks, and -1 for blocks of other allocators.</summary>
    public Dictionary<long, long> Allocations() => Differences(static census => census.Allocations);

    /// <summary>How many of them found their blocks neither in the thread's cache nor in the depot.</summary>
    public Dictionary<long, long> Fresh() => Differences(static census => census.Fresh);

    /// <summary>How many of them found their blocks in the depot.</summary>
    public Dictionary<long, long> FromDepot() => Differences(static census => census.FromDepot);

    /// <summary>How many more blocks owners have than before.</summary>
    public Dictionary<long, long> Blocks() => Differences(static census => census.Blocks);

    /// <summary>How many more bytes owners have than before.</summary>
    public Dictionary<long, long> Bytes() => Differences(static census => census.Bytes);

    /// <summary>Does something on a thread whose cache is empty, and whose depot has nothing for it.</summary>
    public static void OnFreshThread(Action body)
    {
        Needs.Caches();
        NativeMemoryCache.Trim();
        OtherThread.Run(body);
    }

    private Dictionary<long, long> Differences(Func<AllocationCensus, long[]> figure)
    {
        long[] now = figure(Census());
        long[] before = figure(_before);
        return Enumerable.Range(0, AllocationCounts.Classes)
            .Where(i => now[i] != before[i])
            .ToDictionary(
                static i => i switch { AllocationCounts.Large => 0, AllocationCounts.Foreign => -1, _ => (long)SizeClasses.SizeOf(i) },
                i => now[i] - before[i]);
    }

    private static AllocationCensus Census() => AllocationCensus.Take();
}
