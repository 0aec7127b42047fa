using FsCheck;
using FsCheck.Fluent;
using NativeBuffers.Allocation.Budgets;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>Random programs run on a tree of budgets and on a model that recomputes each sum; both must agree.</summary>
[CorrectProgram]
public class BudgetModelTests
{
    [Fact]
    public void A_tree_of_budgets_does_as_the_model_does() =>
        Prop.ForAll(BudgetStep.Programs, static program => Agree(program)).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(80));

    [Fact]
    public void A_tree_in_which_the_thread_has_credit_does_as_the_model_does() =>
        Prop.ForAll(BudgetStep.Programs, static program => Agree(program, scale: 600)).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(80));

    /// <summary>A sweep visits the credit of this thread at any moment, as after each full collection.</summary>
    [Fact]
    public void A_tree_whose_credit_is_swept_all_the_time_does_as_the_model_does()
    {
        bool isOver = false;
        OtherThread.Together(
            () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    BudgetNumbers.Sweep();
                    Thread.Yield();
                }
            },
            () =>
            {
                try
                {
                    Prop.ForAll(BudgetStep.Programs, static program => Agree(program, scale: 600))
                        .Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(80));
                }
                finally
                {
                    Volatile.Write(ref isOver, true);
                }
            });
    }

    [Fact]
    public void A_disagreement_would_be_seen() =>
        Assert.ThrowsAny<Exception>(
            () => Prop.ForAll(BudgetStep.Programs, static program => Agree(program, error: 1)).Check(Config.QuickThrowOnFailure.WithEndSize(80)));

    private static bool Agree(BudgetStep[] program, int error = 0, int scale = 1)
    {
        var world = new BudgetWorld(error, scale);
        try
        {
            return program.All(world.Step);
        }
        finally
        {
            world.FreeAll();
        }
    }
}
