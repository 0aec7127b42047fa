namespace NativeBuffers;

/// <summary>Marks requests of this thread that are tried again after a refusal, or with fewer bytes. A budget does not count such a refusal, nor tell of it.</summary>
/// <remarks>So one growth of a list that fails is one refusal, however often the list has asked.</remarks>
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

    /// <summary>Restores the mark of before.</summary>
    public void Dispose() => t_isOn = _before;
}
