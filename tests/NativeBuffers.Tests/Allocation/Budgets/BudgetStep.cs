using FsCheck;
using FsCheck.Fluent;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>One step of a random program on a tree of budgets. Numbers of budgets and blocks are taken modulo how many there are.</summary>
public abstract record BudgetStep
{
    public sealed record Plant(int Above, int Limit, int Reserved) : BudgetStep;

    public sealed record Allocate(int Budget, int Size) : BudgetStep;

    public sealed record Free(int Block) : BudgetStep;

    public sealed record Resize(int Block, int Size) : BudgetStep;

    public sealed record Reserve(int Budget, int Size) : BudgetStep;

    public sealed record EndReservation(int Reservation) : BudgetStep;

    public sealed record Close(int Budget) : BudgetStep;

    public static Arbitrary<BudgetStep[]> Programs { get; } = Arb.From(
        Gen.ArrayOf(
            Gen.OneOf(
                from above in Any from limit in Sizes from reserved in Gen.Choose(0, 200) select (BudgetStep)new Plant(above, limit, reserved),
                from budget in Any from size in Sizes select (BudgetStep)new Allocate(budget, size),
                from budget in Any from size in Sizes select (BudgetStep)new Allocate(budget, size),
                Any.Select(BudgetStep (block) => new Free(block)),
                from block in Any from size in Sizes select (BudgetStep)new Resize(block, size),
                from budget in Any from size in Gen.Choose(0, 200) select (BudgetStep)new Reserve(budget, size),
                Any.Select(BudgetStep (reservation) => new EndReservation(reservation)),
                Gen.Frequency((1, Any.Select(BudgetStep (budget) => new Close(budget))), (3, Any.Select(BudgetStep (block) => new Free(block)))))));

    private static Gen<int> Any => Gen.Choose(0, 1000);

    private static Gen<int> Sizes => Gen.Choose(0, 400);
}
