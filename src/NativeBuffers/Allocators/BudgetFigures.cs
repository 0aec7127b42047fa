namespace NativeBuffers;

/// <summary>The measured figures of a budget, or the sums of several.</summary>
/// <param name="Used">Bytes in use.</param>
/// <param name="Limit">The most bytes that may be in use; null without a limit.</param>
/// <param name="Reserved">Bytes that the budgets above keep for it.</param>
/// <param name="SetAside">Bytes that it keeps for budgets below, which do not use them.</param>
internal readonly record struct BudgetFigures(long Used, long? Limit, long Reserved, long SetAside)
{
    /// <summary>The figures of two together. If one has no limit, both have none.</summary>
    public BudgetFigures Plus(in BudgetFigures other) => new(
        Sum(Used, other.Used),
        Limit is { } limit && other.Limit is { } otherLimit ? Sum(limit, otherLimit) : null,
        Sum(Reserved, other.Reserved),
        Sum(SetAside, other.SetAside));

    private static long Sum(long left, long right) => long.CreateSaturating((Int128)left + right);
}
