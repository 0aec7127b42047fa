using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers;

/// <summary>A budget has no room for what was asked: see <see cref="NativeMemoryBudget"/>.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Only budgets throw it, and they know what they refused.")]
public sealed class NativeMemoryBudgetException : OutOfMemoryException
{
    internal NativeMemoryBudgetException(NativeMemoryRefusal refusal)
        : base(refusal.ToString()) => Refusal = refusal;

    /// <summary>Which budget refused, what its limit is, what was in use, and what was asked for.</summary>
    public NativeMemoryRefusal Refusal { get; }
}
