using System.Diagnostics.Tracing;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The figures of the meter as counters of the event source: sums over all size classes.</summary>
internal sealed class EventCounters
{
    private readonly EventSource _source;
    private readonly List<DiagnosticCounter> _counters = [];

    public EventCounters(EventSource source)
    {
        _source = source;
        AddRate("allocation-rate", "Allocations", static now => now.Allocations);
        AddRate("cache-hit-rate", "Cache Hits", static now => now.Hits);
        AddRate("cache-miss-rate", "Cache Misses", static now => [.. now.FromDepot, .. now.Fresh]);
        AddSum("memory-in-use", "Memory in Use", "B", static now => now.Bytes);
        AddSum("blocks-in-use", "Blocks in Use", "blocks", static now => now.Blocks);
        Add("cache-size", "Cached Memory", "B", static () => NativeMemoryCache.CachedBytes);
        Add("double-frees", "Double Frees", "", static () => DiagnosticEvent.DoubleFree.Count);
        Add("leaks", "Leaks", "", static () => DiagnosticEvent.Leak.Count);
        Add("owners-abandoned", "Abandoned Owners", "", static () => NativeMemoryTracker.AbandonedCount);
        Add("guard-samples", "Guard Samples", "blocks", static () => DiagnosticEvent.GuardSample.Count);
        Add("guard-violations", "Guard Violations", "", static () => DiagnosticEvent.Violation.Count);
        Add("budget-refusals", "Budget Refusals", "", static () => DiagnosticEvent.BudgetRefusal.Count);
        if (NativeMemoryTracker.IsTracking)
        {
            Add("memory-live", "Live Memory", "B", static () => NativeMemoryTracker.LiveBytes);
            Add("memory-peak", "Peak Memory", "B", static () => NativeMemoryTracker.PeakBytes);
            Add("blocks-live", "Live Blocks", "blocks", static () => NativeMemoryTracker.LiveBlocks);
        }
    }

    private void AddSum(string name, string title, string unit, Func<AllocationFigures, long[]> figure)
    {
        long seen = 0;
        Add(name, title, unit, () => figure(AllocationFigures.Next(ref seen)).Sum());
    }

    private void AddRate(string name, string title, Func<AllocationFigures, long[]> figure)
    {
        long seen = 0;
        _counters.Add(new IncrementingPollingCounter(name, _source, () => figure(AllocationFigures.Next(ref seen)).Sum())
        {
            DisplayName = title,
            DisplayRateTimeScale = TimeSpan.FromSeconds(1),
        });
    }

    private void Add(string name, string title, string unit, Func<double> figure) =>
        _counters.Add(new PollingCounter(name, _source, figure) { DisplayName = title, DisplayUnits = unit });
}
