namespace NativeBuffers;

/// <summary>The properties of a <see cref="NativeMemoryBudget"/>.</summary>
/// <example>
/// <code>
/// var options = new NativeMemoryBudgetOptions { Name = "Requests", Limit = 256 &lt;&lt; 20, ReservedBytes = 16 &lt;&lt; 20 };
/// </code>
/// </example>
public sealed class NativeMemoryBudgetOptions
{
    /// <summary>For messages and reports; when null, a name that contains the inner allocator's.</summary>
    public string? Name { get; init; }

    /// <summary>The most bytes that may be in use at a time; without a limit unless set.</summary>
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

    /// <summary>The bytes that the budgets above set aside for this one, at most <see cref="Limit"/>; 0 unless set.</summary>
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
    /// Called when this budget has no room, on the thread of the request. It may free blocks, and returns whether to try again.
    /// </summary>
    /// <remarks>
    /// <para>It is called without a lock, and may allocate and free, in the same tree too. While it runs, refusals on its thread call
    /// no callback. It is called again as long as it returns true and bytes came back to this budget. For one allocation it is called at
    /// most a million times. It is not called again after 100 calls in a row that made no room, because other threads took the freed
    /// bytes.</para>
    /// <para>It is not called when room cannot be set aside: see <see cref="NativeMemoryBudget.TryReserve"/>.</para>
    /// <para>The owner of the request is in the middle of its growth. The callback may read its lengths. It may dispose the owner: the
    /// owner counts as disposed at once, and its memory is freed when the growth has ended. All other members of the owner throw an
    /// <see cref="InvalidOperationException"/> on this thread, and wait on other threads. If the callback throws, the allocation throws
    /// the same exception.</para>
    /// </remarks>
    public Func<NativeMemoryRefusal, bool>? OnRefusal { get; init; }
}
