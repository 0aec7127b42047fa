using System.Runtime.CompilerServices;
using NativeBuffers.Allocation.Budgets;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>No two budgets have the same number at a time, also while finalizers use budgets that the collector has found dead.</summary>
[CorrectProgram]
public class BudgetNumbersTests
{
    private const int MiB = 1 << 20;

    /// <summary>A number that was freed last is taken first. More budgets would sweep, and close the credits of the first ones.</summary>
    private const int Many = 20;

    [Fact]
    public void A_budget_that_a_finalizer_uses_keeps_its_number()
    {
        NativeMemoryBudget[] others = [];
        var used = new StrongBox<(long Late, long Others)?>();
        Forget(reservedBytes: 0, late =>
        {
            if (used.Value is not null)
            {
                return;
            }

            // The budget is found dead here, and goes on living.
            BudgetNumbers.Sweep();
            others = MakeOthers();
            using (NativeMemoryOwner<byte>.Create(1_000, late))
            {
                used.Value = (late.UsedBytes, others.Sum(static other => other.UsedBytes));
            }
        });
        Assert.True(Collector.Until(() => used.Value is not null));
        Assert.Equal((1_000L, 0L), used.Value);
        AssertApart(others);
    }

    [Fact]
    public void A_number_is_freed_once_although_it_was_swept_before_the_budget_is_finalized()
    {
        const int Forgotten = 5;
        int swept = 0;
        for (int i = 0; i < Forgotten; i++)
        {
            Forget(reservedBytes: 1_000, _ =>
            {
                BudgetNumbers.Sweep();
                swept++;
            });
        }

        Assert.True(Collector.Until(() => swept == 2 * Forgotten));
        Collector.Settle();
        AssertApart(MakeOthers());
    }

    /// <summary>Forgets a budget that no number holds, and two objects whose finalizers get it. One runs before that of the budget.</summary>
    /// <remarks>Only a budget that has reserved has a finalizer.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(long reservedBytes, Action<NativeMemoryBudget> inFinalizer)
    {
        var first = new LastUser(inFinalizer);
        NativeMemoryBudget budget = NativeAllocator.Default.WithBudget(new() { Limit = MiB, ReservedBytes = reservedBytes });
        var second = new LastUser(inFinalizer);
        (first.Budget, second.Budget) = (budget, budget);
        Use(budget);

        // After these, all three are in the oldest generation.
        Collector.Collect();
        Collector.Collect();
        BudgetNumbers.Sweep();
        GC.KeepAlive(first);
        GC.KeepAlive(second);
    }

    private static NativeMemoryBudget[] MakeOthers()
    {
        NativeMemoryBudget[] others = [.. Enumerable.Range(0, Many).Select(static _ => NativeAllocator.Default.WithLimit(MiB))];
        Array.ForEach(others, Use);
        return others;
    }

    /// <summary>Each budget counts its own bytes.</summary>
    private static void AssertApart(NativeMemoryBudget[] budgets)
    {
        NativeMemoryOwner<byte>[] owners = [.. budgets.Select(static (budget, number) => NativeMemoryOwner<byte>.Create(number, budget))];
        Assert.Equal(Enumerable.Range(0, budgets.Length).Select(static number => (long)number), budgets.Select(static budget => budget.UsedBytes));
        Array.ForEach(owners, static owner => owner.Dispose());
        Assert.All(budgets, static budget => Assert.Equal(0, budget.UsedBytes));
        Array.ForEach(budgets, static budget => budget.Dispose());
    }

    /// <summary>Asks often enough that the budget has a number, and this thread has credit.</summary>
    private static void Use(NativeMemoryBudget budget)
    {
        for (int i = 0; i < 40; i++)
        {
            NativeBuffer.Create<byte>(100, budget).Dispose();
        }
    }

    private sealed class LastUser(Action<NativeMemoryBudget> inFinalizer)
    {
        ~LastUser() => inFinalizer(Budget!);

        public NativeMemoryBudget? Budget { get; set; }
    }
}
