namespace NativeBuffers;

/// <summary>What a budget is like: see <see cref="NativeMemoryBudget"/>.</summary>
/// <example>
/// <code>
/// var options = new NativeMemoryBudgetOptions { Name = "Requests", Limit = 256 &lt;&lt; 20, ReservedBytes = 16 &lt;&lt; 20 };
/// </code>
/// </example>
public sealed class NativeMemoryBudgetOptions
{
    /// <summary>For messages and reports; when null, one that names the allocator behind it.</summary>
    public string? Name { get; init; }

    /// <summary>The most that may be in use at a time, in bytes; without a limit unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long Limit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = long.MaxValue;

    /// <summary>What the budgets above set aside for this one, in bytes; at most <see cref="Limit"/>; nothing unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long ReservedBytes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>
    /// Called when this budget has no room, on the thread that asks: it may free something, and returns whether to try again.
    /// </summary>
    /// <remarks>
    /// <para>It is called without any lock, and may itself allocate and free, in the same tree too. While it runs, refusals on its
    /// thread call nobody. It is called again as long as it returns true and something was given back to this budget meanwhile; but for one
    /// allocation no more than a million times, nor 100 times in a row while no less is taken than before, because others take what it frees.</para>
    /// <para>It is not called when room cannot be set aside: see <see cref="NativeMemoryBudget.TryReserve"/>.</para>
    /// <para>The owner that asks is in the middle of its growth. The callback may ask for its lengths. It may dispose the owner: the
    /// owner counts as disposed at once, and its memory is given back when the growth has ended. All other members of the owner throw an
    /// <see cref="InvalidOperationException"/> on this thread, and wait on other threads. If the callback throws, the allocation throws
    /// the same exception.</para>
    /// </remarks>
    public Func<NativeMemoryRefusal, bool>? OnRefusal { get; init; }
}
