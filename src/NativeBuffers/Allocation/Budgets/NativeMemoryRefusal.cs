using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>The figures of a budget at the moment when it refused a request.</summary>
/// <remarks>The object does not change, and may be read on any thread.</remarks>
public sealed class NativeMemoryRefusal
{
    /// <summary>The key of a refusal in the data of its exception.</summary>
    private static readonly object s_key = new();

    internal NativeMemoryRefusal(string budgetName, long limit, long usedBytes, long setAsideBytes, long askedBytes, int asker)
    {
        BudgetName = budgetName;
        Limit = limit;
        UsedBytes = usedBytes;
        SetAsideBytes = setAsideBytes;
        AskedBytes = askedBytes;
        Asker = asker;
    }

    /// <summary>The name of the budget that refused: the requested one, or one above it.</summary>
    public string BudgetName { get; }

    /// <summary>The budget's limit, in bytes.</summary>
    public long Limit { get; }

    /// <summary>The bytes in use in the budget and below it.</summary>
    public long UsedBytes { get; }

    /// <summary>The bytes that budgets below had set aside and did not use.</summary>
    public long SetAsideBytes { get; }

    /// <summary>The requested bytes; for a resize, the growth.</summary>
    public long AskedBytes { get; }

    /// <summary>The bytes that left no room for the request.</summary>
    internal long TakenBytes => UsedBytes + SetAsideBytes;

    /// <summary>The number of the requested budget.</summary>
    internal int Asker { get; }

    /// <summary>See <see cref="BudgetLevel.GivenBack"/>.</summary>
    internal long GivenBack { get; init; }

    /// <summary>The refusal of a budget that led to an exception.</summary>
    /// <param name="exception">An <see cref="OutOfMemoryException"/> of this library.</param>
    /// <returns>The refusal; null if no budget refused: memory is exhausted, or the exception has another reason.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="exception"/> is null.</exception>
    public static NativeMemoryRefusal? Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.Data[s_key] as NativeMemoryRefusal;
    }

    /// <summary>An exception for this refusal.</summary>
    internal OutOfMemoryException ToException()
    {
        OutOfMemoryException exception = ThrowHelper.OutOfMemory(ToString());
        exception.Data[s_key] = this;
        return exception;
    }

    /// <summary>One sentence with all figures.</summary>
    public override string ToString() =>
        $"The budget '{BudgetName}' refused {AskedBytes:N0} bytes: of {Limit:N0} bytes {UsedBytes:N0} are in use"
        + (SetAsideBytes == 0 ? "." : $", and {SetAsideBytes:N0} more are set aside for other budgets.");
}
