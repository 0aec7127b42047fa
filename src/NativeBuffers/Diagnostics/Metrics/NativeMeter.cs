using System.Diagnostics.Metrics;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache;
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
        AddMemory(meter);
        AddAllocations(meter);
        AddHappenings(meter);
        AddBudgets(meter);
        return meter;
    }

    private static void AddMemory(Meter meter)
    {
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.memory.live",
                () => Tracked(static () => NativeMemoryTracker.LiveBytes),
                "By",
                "Bytes that were asked for and not given back, in the whole process. Only while tracking is on."));
        Add(
            () => meter.CreateObservableGauge(
                "nativebuffers.memory.peak",
                () => Tracked(static () => NativeMemoryTracker.PeakBytes),
                "By",
                "The most bytes that were live at a time. Only while tracking is on."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.block.live",
                () => Tracked(static () => NativeMemoryTracker.LiveBlocks),
                "{block}",
                "Blocks that were asked for and not given back, in the whole process. Only while tracking is on."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.memory.in_use",
                ByClass(static now => now.Bytes),
                "By",
                "The blocks that owners have, in bytes."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.block.in_use",
                ByClass(static now => now.Blocks),
                "{block}",
                "The blocks that owners have."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.cache.size",
                static () => NativeMemoryCache.CachedBytes,
                "By",
                "Free blocks that the caches keep, in bytes."));
    }

    private static void AddAllocations(Meter meter)
    {
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.allocations",
                ByClass(static now => now.Allocations),
                "{allocation}",
                "Blocks that owners and callers were given."));
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.cache.hits",
                ByClass(static now => now.Hits),
                "{allocation}",
                "Those that the thread's own cache had."));
        long seen = 0;
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.cache.misses",
                () => Misses(AllocationFigures.Next(ref seen)),
                "{allocation}",
                "Those that it had not."));
    }

    private static void AddHappenings(Meter meter)
    {
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.double_frees",
                static () => DiagnosticEvent.DoubleFree.Count,
                "{double_free}",
                "Blocks that were given back twice."));
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.leaks",
                static () => DiagnosticEvent.Leak.Count,
                "{leak}",
                "Leak reports; each names one block or several."));
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.owner.abandonments",
                static () => NativeMemoryTracker.AbandonedCount,
                "{owner}",
                "Owners that were never disposed, and whose memory was freed for them."));
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.guard.samples",
                static () => DiagnosticEvent.GuardSample.Count,
                "{block}",
                "Blocks that were guarded as samples."));
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.guard.violations",
                static () => DiagnosticEvent.Violation.Count,
                "{violation}",
                "Wrong uses of memory that a guard has found."));
    }

    private static void AddBudgets(Meter meter)
    {
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.budget.usage",
                static () => Budgets(static now => now.Used),
                "By",
                "Bytes of a budget that are in use, there and in the budgets below it."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.budget.limit",
                static () => Budgets(static now => now.Limit),
                "By",
                "The most bytes of a budget that may be in use. Only of budgets that have a limit."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.budget.reserved",
                static () => Budgets(static now => now.Reserved),
                "By",
                "Bytes that the budgets above keep for a budget, used or not."));
        Add(
            () => meter.CreateObservableUpDownCounter(
                "nativebuffers.budget.set_aside",
                static () => Budgets(static now => now.SetAside),
                "By",
                "Bytes that a budget keeps for those below it, which do not use them."));
        Add(
            () => meter.CreateObservableCounter(
                "nativebuffers.budget.refusals",
                static () => BudgetGroup.Measure().Select(static each => new Measurement<long>(each.Refused, TagOf(each.Name))),
                "{refusal}",
                "Blocks that a budget has refused."));
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

    /// <summary>A measurement of the tracker; none in a process that is not tracked, where the tracker knows a part only.</summary>
    private static Measurement<long>[] Tracked(Func<long> figure) => NativeMemoryTracker.IsTracking ? [new(figure())] : [];

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
