using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>What a budget was like when it refused something.</summary>
/// <remarks>Does not change, and may be read on any thread.</remarks>
public sealed class NativeMemoryRefusal
{
    /// <summary>Exceptions keep it under this.</summary>
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

    /// <summary>The name of the budget that refused: the one that was asked, or one above it.</summary>
    public string BudgetName { get; }

    /// <summary>Its limit, in bytes.</summary>
    public long Limit { get; }

    /// <summary>What was in use there and below, in bytes.</summary>
    public long UsedBytes { get; }

    /// <summary>What budgets below it had set aside and did not use, in bytes.</summary>
    public long SetAsideBytes { get; }

    /// <summary>What was asked for, in bytes: of a block that was to grow, the growth.</summary>
    public long AskedBytes { get; }

    /// <summary>What there was no room beside, in bytes.</summary>
    internal long TakenBytes => UsedBytes + SetAsideBytes;

    /// <summary>The number of the budget that was asked.</summary>
    internal int Asker { get; }

    /// <summary>See <see cref="BudgetLevel.GivenBack"/>.</summary>
    internal long GivenBack { get; init; }

    /// <summary>Why an exception was thrown, if it was because a budget refused.</summary>
    /// <param name="exception">An <see cref="OutOfMemoryException"/> of this library.</param>
    /// <returns>Null if no budget refused: memory is exhausted, or something else happened.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="exception"/> is null.</exception>
    public static NativeMemoryRefusal? Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.Data[s_key] as NativeMemoryRefusal;
    }

    /// <summary>What to throw.</summary>
    internal OutOfMemoryException ToException()
    {
        OutOfMemoryException exception = ThrowHelper.OutOfMemory(ToString());
        exception.Data[s_key] = this;
        return exception;
    }

    /// <summary>One sentence with all of it.</summary>
    public override string ToString() =>
        $"The budget '{BudgetName}' refused {AskedBytes:N0} bytes: of {Limit:N0} bytes {UsedBytes:N0} are in use"
        + (SetAsideBytes == 0 ? "." : $", and {SetAsideBytes:N0} more are set aside for others.");
}
