namespace NativeBuffers.Allocation.Budgets;

/// <summary>The measured figures of a budget, or the sums of several.</summary>
/// <param name="Used">Bytes in use.</param>
/// <param name="Limit">The most bytes that may be in use; null without a limit.</param>
/// <param name="Reserved">Bytes that the budgets above keep for this one, used or not.</param>
/// <param name="SetAside">Bytes that this budget keeps for budgets below, which do not use them.</param>
internal readonly record struct BudgetFigures(long Used, long? Limit, long Reserved, long SetAside)
{
    /// <summary>The sum of the figures of two. It has a limit only if both have one.</summary>
    public BudgetFigures Plus(in BudgetFigures other) => new(
        Sum(Used, other.Used),
        Limit is { } limit && other.Limit is { } otherLimit ? Sum(limit, otherLimit) : null,
        Sum(Reserved, other.Reserved),
        Sum(SetAside, other.SetAside));

    private static long Sum(long left, long right) => long.CreateSaturating((Int128)left + right);
}
