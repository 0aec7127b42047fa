using System.Runtime.CompilerServices;
using NativeBuffers.Allocation.Budgets;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

/// <summary>The meter's instruments for budgets.</summary>
[Collection(ProcessWide.Name)]
public sealed class BudgetInstrumentTests : IDisposable
{
    private readonly Listener _listener = new();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Each_name_of_budgets_has_figures_and_those_of_one_name_add_up()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Name = "Measured", Limit = 1_000 });
        NativeMemoryBudget twin = NativeAllocator.Malloc.WithBudget(new() { Name = "Measured", Limit = 500 });
        using NativeMemoryBudget low = top.WithBudget(new() { Name = "Measured below", ReservedBytes = 300 });
        using var first = NativeMemoryOwner<byte>.Create(100, low);
        using var second = NativeMemoryOwner<byte>.Create(50, twin);
        _ = Refused.By(() => NativeMemoryOwner<byte>.Create(451, twin));

        Assert.Equal((150L, 1_500L, 0L, 200L, 1L), Figures("Measured"));
        Assert.Equal((100L, null, 300L, 0L, 0L), Figures("Measured below"));
        low.Dispose();
        first.Dispose();
        Assert.Equal((null, null, null, null, 0L), Figures("Measured below"));
        GC.KeepAlive(top);
    }

    [Fact]
    public void Limits_beyond_all_numbers_add_up_to_the_largest()
    {
        NativeMemoryBudget first = NativeAllocator.Malloc.WithBudget(new() { Name = "Huge", Limit = long.MaxValue - 1 });
        NativeMemoryBudget second = NativeAllocator.Malloc.WithBudget(new() { Name = "Huge", Limit = 10 });
        Assert.Equal((0L, long.MaxValue, 0L, 0L, 0L), Figures("Huge"));
        GC.KeepAlive(first);
        GC.KeepAlive(second);
    }

    [Fact]
    public void A_budget_that_is_gone_has_refusals_only()
    {
        WeakReference budget = Forget("Forgotten");
        Assert.True(Collector.Until(() => !budget.IsAlive));
        Assert.Equal((null, null, null, null, 1L), Figures("Forgotten"));
    }

    [Fact]
    public void Of_many_names_that_are_gone_the_refusals_go_on_to_one()
    {
        long before = Sum();
        for (int i = 0; i < 3 * BudgetGroup.MostEnded; i++)
        {
            _ = Forget($"Ended {i}");
        }

        Assert.True(Collector.Until(() => Names() <= BudgetGroup.MostEnded));
        Assert.Equal(before + (3 * BudgetGroup.MostEnded), Sum());

        int Names() => _listener.Collect().Keys.Count(static key => key.Tags.StartsWith("nativebuffers.budget.name=Ended ", StringComparison.Ordinal));

        long Sum() => _listener.Collect().Where(static pair => pair.Key.Name == "nativebuffers.budget.refusals").Sum(static pair => pair.Value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Forget(string name)
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(new() { Name = name, Limit = 1 });
        Assert.False(NativeBuffer.TryCreate<byte>(2, out _, budget));
        return new WeakReference(budget);
    }

    private (long? Usage, long? Limit, long? Reserved, long? SetAside, long? Refusals) Figures(string name)
    {
        Dictionary<(string Name, string Tags), long> now = _listener.Collect();
        return (Of("usage"), Of("limit"), Of("reserved"), Of("set_aside"), Of("refusals"));

        long? Of(string instrument) =>
            now.TryGetValue(($"nativebuffers.budget.{instrument}", $"nativebuffers.budget.name={name}"), out long value) ? value : null;
    }
}
