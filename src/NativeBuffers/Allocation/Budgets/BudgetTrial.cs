namespace NativeBuffers.Allocation.Budgets;

/// <summary>Marks the requests of this thread that are repeated if they are refused. A budget neither counts nor reports their refusals.</summary>
/// <remarks>So a failed growth of a list counts as one refusal, although the list asks several times.</remarks>
internal readonly ref struct BudgetTrial : IDisposable
{
    [ThreadStatic]
    private static bool t_isOn;

    private readonly bool _before;

    private BudgetTrial(bool isOn)
    {
        _before = t_isOn;
        t_isOn = isOn;
    }

    /// <summary>Whether requests of this thread are marked now.</summary>
    public static bool IsOn => t_isOn;

    /// <summary>Marks requests, if the condition holds, until the result is disposed.</summary>
    public static BudgetTrial If(bool isTrial) => new(isTrial || t_isOn);

    /// <summary>Marks no requests until the result is disposed: for callbacks of the user.</summary>
    public static BudgetTrial None() => new(isOn: false);

    /// <summary>Restores the earlier mark.</summary>
    public void Dispose() => t_isOn = _before;
}
