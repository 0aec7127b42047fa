using System.Diagnostics.Metrics;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Stats;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The meter of the library. Its instruments are observed: nothing is counted for them where blocks come and go.</summary>
internal static class NativeMeter
{
    /// <summary>What the meter and the event source are called.</summary>
    public const string Name = "NativeBuffers";

    /// <summary>Makes the meter with all its instruments.</summary>
    public static Meter Create()
    {
        var meter = new Meter(Name);
        AddMemory(meter);
        AddLoans(meter);
        AddHappenings(meter);
        AddBudgets(meter);
        return meter;
    }

    private static void AddMemory(Meter meter)
    {
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.memory.live", () => Tracked(static now => now.LiveBytes), "By", "Bytes that were asked for and not given back, in the whole process. Only while tracking is on."));
        Add(() => meter.CreateObservableGauge("nativebuffers.memory.peak", () => Tracked(static now => now.PeakBytes), "By", "The most bytes that were live at a time. Only while tracking is on."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.block.live", () => Tracked(static now => now.LiveBlocks), "{block}", "Blocks that were asked for and not given back, in the whole process. Only while tracking is on."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.memory.in_use", ByClass(static now => now.Bytes), "By", "The blocks that owners have, in bytes."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.block.in_use", ByClass(static now => now.Blocks), "{block}", "The blocks that owners have."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.cache.size", static () => NativeMemoryCache.CachedBytes, "By", "Free blocks that the caches keep, in bytes."));
    }

    private static void AddLoans(Meter meter)
    {
        Add(() => meter.CreateObservableCounter("nativebuffers.allocations", ByClass(static now => now.Loans), "{allocation}", "Blocks that owners and callers were given."));
        Add(() => meter.CreateObservableCounter("nativebuffers.cache.hits", ByClass(static now => now.Hits), "{allocation}", "Those that the thread's own cache had."));
        long seen = 0;
        Add(() => meter.CreateObservableCounter("nativebuffers.cache.misses", () => Misses(LoanFigures.Next(ref seen)), "{allocation}", "Those that it had not."));
    }

    private static void AddHappenings(Meter meter)
    {
        Add(() => meter.CreateObservableCounter("nativebuffers.double_frees", static () => Tally.Of(Happening.DoubleFree), "{double_free}", "Blocks that were given back twice."));
        Add(() => meter.CreateObservableCounter("nativebuffers.leaks", static () => Tally.Of(Happening.Leak), "{leak}", "Leak reports; each names one block or several."));
        Add(() => meter.CreateObservableCounter("nativebuffers.owner.abandonments", static () => NativeMemoryTracker.AbandonedCount, "{owner}", "Owners that were never disposed, and whose memory was freed for them."));
        Add(() => meter.CreateObservableCounter("nativebuffers.guard.samples", static () => Tally.Of(Happening.GuardSample), "{block}", "Blocks that were guarded as samples."));
        Add(() => meter.CreateObservableCounter("nativebuffers.guard.violations", static () => Tally.Of(Happening.Violation), "{violation}", "Wrong uses of memory that a guard has found."));
    }

    private static void AddBudgets(Meter meter)
    {
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.budget.usage", static () => Budgets(static now => now.Used), "By", "Bytes of a budget that are in use, there and in the budgets below it."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.budget.limit", static () => Budgets(static now => now.Limit), "By", "The most bytes of a budget that may be in use. Only of budgets that have a limit."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.budget.reserved", static () => Budgets(static now => now.Reserved), "By", "Bytes that the budgets above keep for a budget, used or not."));
        Add(() => meter.CreateObservableUpDownCounter("nativebuffers.budget.set_aside", static () => Budgets(static now => now.SetAside), "By", "Bytes that a budget keeps for those below it, which do not use them."));
        Add(() => meter.CreateObservableCounter("nativebuffers.budget.refusals", static () => BudgetGroup.Measure().Select(static each => new Measurement<long>(each.Refused, TagOf(each.Name))), "{refusal}", "Blocks that a budget has refused."));
    }

    /// <remarks>A listener may throw that is told of the instrument. The meter has it all the same, and the next ones must come.</remarks>
    private static void Add(Func<Instrument> create)
    {
        try
        {
            _ = create();
        }
        catch (Exception)
        {
            // Nobody here could do anything about it.
        }
    }

    private static Measurement<long>[] Tracked(Func<(long LiveBytes, long LiveBlocks, long PeakBytes), long> figure) =>
        TrackedMemory.Now is { } now ? [new(figure(now))] : [];

    /// <summary>A measurement for each name that a live budget has.</summary>
    private static IEnumerable<Measurement<long>> Budgets(Func<BudgetFigures, long?> figure) =>
        from each in BudgetGroup.Measure()
        let value = each.Figures is { } figures ? figure(figures) : null
        where value is not null
        select new Measurement<long>(value.Value, TagOf(each.Name));

    private static KeyValuePair<string, object?> TagOf(string budget) => new("nativebuffers.budget.name", budget);

    /// <summary>What an instrument asks at each collection: a measurement for each class that has ever been used.</summary>
    private static Func<IEnumerable<Measurement<long>>> ByClass(Func<LoanFigures, long[]> figure)
    {
        long seen = 0;
        return () =>
        {
            LoanFigures now = LoanFigures.Next(ref seen);
            return Used(now).Select(i => new Measurement<long>(figure(now)[i], SizeClassTags.Of(i)));
        };
    }

    private static IEnumerable<Measurement<long>> Misses(LoanFigures now)
    {
        foreach (int i in Used(now))
        {
            if (i < SizeClasses.Count)
            {
                yield return new(now.FromDepot[i], SizeClassTags.Of(i), new KeyValuePair<string, object?>("nativebuffers.source", "depot"));
            }

            yield return new(now.Fresh[i], SizeClassTags.Of(i), new KeyValuePair<string, object?>("nativebuffers.source", "allocator"));
        }
    }

    private static IEnumerable<int> Used(LoanFigures now) => Enumerable.Range(0, LoanClasses.Count).Where(i => now.Loans[i] > 0);
}
