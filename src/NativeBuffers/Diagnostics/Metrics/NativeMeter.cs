using System.Diagnostics.Metrics;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The meter of the library. Its instruments are observable: allocating and freeing a block counts nothing for them.</summary>
internal static class NativeMeter
{
    /// <summary>The name of the meter and of the event source.</summary>
    public const string Name = "NativeBuffers";

    private static readonly KeyValuePair<string, object?>[] s_classTags = [.. Enumerable.Range(0, AllocationCounts.Classes).Select(TagOfClass)];

    /// <summary>Makes the meter with all its instruments.</summary>
    public static Meter Create()
    {
        var meter = new Meter(Name);
        Level(
            "nativebuffers.memory.live", "By", "Bytes that were asked for and not given back, in the whole process. Only while tracking is on.",
            Tracked(static () => NativeMemoryTracker.LiveBytes));
        Gauge(
            "nativebuffers.memory.peak", "By", "The most bytes that were live at a time. Only while tracking is on.",
            Tracked(static () => NativeMemoryTracker.PeakBytes));
        Level(
            "nativebuffers.block.live", "{block}", "Blocks that were asked for and not given back, in the whole process. Only while tracking is on.",
            Tracked(static () => NativeMemoryTracker.LiveBlocks));
        Level("nativebuffers.memory.in_use", "By", "The blocks that owners have, in bytes.", ByClass(static now => now.Bytes));
        Level("nativebuffers.block.in_use", "{block}", "The blocks that owners have.", ByClass(static now => now.Blocks));
        Level("nativebuffers.cache.size", "By", "Free blocks that the caches keep, in bytes.", One(static () => NativeMemoryCache.CachedBytes));
        Count("nativebuffers.allocations", "{allocation}", "Blocks that owners and callers were given.", ByClass(static now => now.Allocations));
        Count("nativebuffers.cache.hits", "{allocation}", "Those that the thread's own cache had.", ByClass(static now => now.Hits));
        long seen = 0;
        Count("nativebuffers.cache.misses", "{allocation}", "Those that it had not.", () => Misses(AllocationFigures.Next(ref seen)));
        Count(
            "nativebuffers.double_frees", "{double_free}", "Blocks that were given back twice.",
            One(static () => DiagnosticEvent.DoubleFree.Count));
        Count("nativebuffers.leaks", "{leak}", "Leak reports; each names one block or several.", One(static () => DiagnosticEvent.Leak.Count));
        Count(
            "nativebuffers.owner.abandonments", "{owner}", "Owners that were never disposed, and whose memory was freed for them.",
            One(static () => NativeMemoryTracker.AbandonedCount));
        Count(
            "nativebuffers.guard.samples", "{block}", "Blocks that were guarded as samples.",
            One(static () => DiagnosticEvent.GuardSample.Count));
        Count(
            "nativebuffers.guard.violations", "{violation}", "Wrong uses of memory that a guard has found.",
            One(static () => DiagnosticEvent.Violation.Count));
        Level(
            "nativebuffers.budget.usage", "By", "Bytes of a budget that are in use, there and in the budgets below it.",
            static () => Budgets(static now => now.Used));
        Level(
            "nativebuffers.budget.limit", "By", "The most bytes of a budget that may be in use. Only of budgets that have a limit.",
            static () => Budgets(static now => now.Limit));
        Level(
            "nativebuffers.budget.reserved", "By", "Bytes that the budgets above keep for a budget, used or not.",
            static () => Budgets(static now => now.Reserved));
        Level(
            "nativebuffers.budget.set_aside", "By", "Bytes that a budget keeps for those below it, which do not use them.",
            static () => Budgets(static now => now.SetAside));
        Count(
            "nativebuffers.budget.refusals", "{refusal}", "Blocks that a budget has refused.",
            static () => BudgetGroup.Measure().Select(static each => new Measurement<long>(each.Refused, TagOf(each.Name))));
        return meter;

        void Level(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> observe) =>
            Add(() => meter.CreateObservableUpDownCounter(name, observe, unit, description));

        void Gauge(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> observe) =>
            Add(() => meter.CreateObservableGauge(name, observe, unit, description));

        void Count(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> observe) =>
            Add(() => meter.CreateObservableCounter(name, observe, unit, description));
    }

    /// <remarks>The meter calls its listeners for each instrument. A listener may throw, and the next instruments must still be added.</remarks>
    private static void Add(Func<Instrument> create)
    {
        try
        {
            _ = create();
        }
        catch (Exception)
        {
            // The listener's fault. The meter has the instrument nevertheless.
        }
    }

    private static Func<IEnumerable<Measurement<long>>> One(Func<long> figure) => () => [new(figure())];

    /// <summary>A measurement of the tracker; none in a process that is not tracked, where the tracker knows a part only.</summary>
    private static Func<IEnumerable<Measurement<long>>> Tracked(Func<long> figure) =>
        () => NativeMemoryTracker.IsTracking ? [new(figure())] : [];

    /// <summary>A measurement for each name of a live budget.</summary>
    private static IEnumerable<Measurement<long>> Budgets(Func<(long Used, long? Limit, long Reserved, long SetAside), long?> figure) =>
        from each in BudgetGroup.Measure()
        let value = each.Figures is { } figures ? figure(figures) : null
        where value is not null
        select new Measurement<long>(value.Value, TagOf(each.Name));

    private static KeyValuePair<string, object?> TagOfClass(int sizeClass) => new("nativebuffers.size_class", sizeClass switch
    {
        AllocationCounts.Large => "large",
        AllocationCounts.Foreign => "other",
        _ => ((long)SizeClasses.SizeOf(sizeClass)).ToString(CultureInfo.InvariantCulture),
    });

    private static KeyValuePair<string, object?> TagOf(string budget) => new("nativebuffers.budget.name", budget);

    /// <summary>A function that an instrument calls at each collection. It returns a measurement for each size class that was ever used.</summary>
    private static Func<IEnumerable<Measurement<long>>> ByClass(Func<AllocationFigures, long[]> figure)
    {
        long seen = 0;
        return () =>
        {
            AllocationFigures now = AllocationFigures.Next(ref seen);
            return Used(now).Select(i => new Measurement<long>(figure(now)[i], s_classTags[i]));
        };
    }

    private static IEnumerable<Measurement<long>> Misses(AllocationFigures now)
    {
        foreach (int i in Used(now))
        {
            if (i < SizeClasses.Count)
            {
                yield return new(now.FromDepot[i], s_classTags[i], new KeyValuePair<string, object?>("nativebuffers.source", "depot"));
            }

            yield return new(now.Fresh[i], s_classTags[i], new KeyValuePair<string, object?>("nativebuffers.source", "allocator"));
        }
    }

    private static IEnumerable<int> Used(AllocationFigures now) => Enumerable.Range(0, AllocationCounts.Classes).Where(i => now.Allocations[i] > 0);
}
