namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>A list that grows near a limit, on a thread with credit: it takes all bytes, and a growth that fails is one refusal.</summary>
[CorrectProgram]
public class BudgetGrowthTests
{
    private const int Limit = 700_000;

    /// <summary>The budgets from the top down, over the default allocator or not, and the place of the one that refuses.</summary>
    public static TheoryData<bool, int, int> Trees => new()
    {
        { true, 1, 0 },
        { true, 3, 0 },
        { true, 3, 2 },
        { false, 1, 0 },
        { false, 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Trees))]
    public void A_list_takes_all_bytes_and_is_refused_once(bool isDefault, int depth, int lowest)
    {
        NativeMemoryBudget[] levels = Make(isDefault, depth, lowest);
        using var list = new NativeList<byte>(0, levels[^1]);
        NativeMemoryRefusal refusal = Refused.By(() => Fill(list));
        Assert.Equal((Limit, Limit), (list.Count, list.Capacity));
        Assert.Equal((levels[lowest].Name, 1L, (long)Limit), (refusal.BudgetName, refusal.AskedBytes, refusal.UsedBytes));
        AssertRefused(levels, lowest, 1);
        Assert.Throws<OutOfMemoryException>(() => list.Add(1));
        AssertRefused(levels, lowest, 2);
        Assert.Throws<OutOfMemoryException>(() => list.EnsureCapacity(2 * Limit));
        AssertRefused(levels, lowest, 3);
    }

    [Theory]
    [MemberData(nameof(Trees))]
    public void A_growth_that_succeeds_with_less_than_twice_the_size_is_no_refusal(bool isDefault, int depth, int lowest)
    {
        NativeMemoryBudget[] levels = Make(isDefault, depth, lowest);
        using var list = new NativeList<byte>(2 * Limit / 3, levels[^1]);
        list.Resize(2 * Limit / 3);
        list.Add(1);
        AssertRefused(levels, lowest, 0);
    }

    private static NativeMemoryBudget[] Make(bool isDefault, int depth, int lowest)
    {
        NativeAllocator source = isDefault ? NativeAllocator.Default : NativeAllocator.Malloc;
        var levels = new NativeMemoryBudget[depth];
        for (int i = 0; i < depth; i++)
        {
            source = levels[i] = source.WithBudget(new() { Name = $"{i}", Limit = i == lowest ? Limit : 2 * Limit });
        }

        // The thread has credit, of which the list gets its bytes, too.
        for (int i = 0; i < 40; i++)
        {
            NativeBuffer.Create<byte>(100, source).Dispose();
        }

        return levels;
    }

    private static void Fill(NativeList<byte> list)
    {
        while (list.Count <= Limit)
        {
            list.Add(1);
        }
    }

    private static void AssertRefused(NativeMemoryBudget[] levels, int lowest, int count) =>
        Assert.Equal(levels.Select((_, i) => i == lowest ? (long)count : 0), levels.Select(static level => level.RefusedCount));
}
