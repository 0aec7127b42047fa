namespace NativeBuffers.Blocks;

/// <summary>One use of a slot: a number, and the state of the use, a <see cref="SlotState"/>, in the lowest three bits.</summary>
/// <remarks>
/// The number only grows: each time the block leaves its user, and when a resize makes copies stale. It has 61 bits, and begins at
/// <see cref="First"/>, or above all before if the slot is made again (<see cref="SlotSlab"/>). The highest bit stays 0: one return a
/// nanosecond would set it after 13 years, so no slot needs to be retired.
/// </remarks>
internal record struct Generation(ulong Value)
{
    /// <summary>The difference between two neighbouring numbers.</summary>
    public const ulong Step = 8;

    /// <summary>The difference between the first and the last open state: what <see cref="IsOpenFor"/> compares with.</summary>
    public const ulong OpenSpan = SlotState.Shared - SlotState.Open;

    /// <summary>The difference between an open generation and the next one in the state of a slot that is free or scoped.</summary>
    public const ulong FromOpenToNext = Step - (ulong)SlotState.Open;

    /// <summary>The word. A field, because each property would count as a statement where a <c>finally</c> must be short.</summary>
    /// <remarks>
    /// So the code that ends a use in such a <c>finally</c> compares words itself: the members <c>Return</c> of the handles, <c>End</c> of a borrow,
    /// and <c>PoolFreePath.TryReturn</c>.
    /// </remarks>
    public ulong Value = Value;

    /// <summary>The state of the use.</summary>
    public readonly SlotState State => (SlotState)(Value & (Step - 1));

    /// <summary>The next number, in the state of a slot that is free or scoped.</summary>
    public readonly Generation Next => new((Value | (Step - 1)) + 1);

    /// <summary>The generation without its state.</summary>
    public readonly ulong Number => Value & ~(Step - 1);

    /// <summary>The generation that a slot begins with: far from zero, and from the generations of all other slots.</summary>
    /// <remarks>
    /// <para>A value in a field has a slot and a generation. A thread may read the field while another thread stores there. It may get the
    /// slot of one value, and the generation of another value or of <c>default</c>, which is 0. Such a pair must not look like a use of
    /// the slot.</para>
    /// <para>Multiples of the golden ratio lie far apart, however many there are (Knuth, volume 3, 6.4). The first generations of n slots
    /// are at least 2^57/n uses apart, and at least 2^57 uses away from zero.</para>
    /// </remarks>
    /// <param name="number">The number of slots that were made before this one.</param>
    public static Generation First(ulong number)
    {
        const ulong GoldenRatio = 0x9E3779B97F4A7C15;
        const ulong Least = 1UL << 60;
        return new(Least + (((number * GoldenRatio) >> 2) & ~(Step - 1)));
    }

    /// <summary>The same number in another state.</summary>
    public readonly Generation With(SlotState state) => new(Number | (ulong)state);

    /// <summary>The same number in another state, where the present state is known: one addition.</summary>
    public readonly Generation Moved(SlotState from, SlotState to) => new(Value + (ulong)(to - from));

    /// <summary>Whether this is the generation that the caller has opened, and is open still.</summary>
    /// <param name="opened">The caller's generation, in the state <see cref="SlotState.Open"/>.</param>
    public readonly bool IsOpenFor(Generation opened) => Value - opened.Value <= OpenSpan;

    /// <summary>Whether this is the generation that the caller has opened, in one state.</summary>
    /// <inheritdoc cref="IsOpenFor" path="/param"/>
    public readonly bool Is(SlotState state, Generation opened) => Value - opened.Value == (ulong)(state - SlotState.Open);

    /// <summary>Whether one thread excludes the other threads, so that a caller must wait to know how its generation goes on.</summary>
    /// <remarks>That thread may be about to move on to the caller's generation: it tells the owner the new generation before the slot.</remarks>
    /// <inheritdoc cref="IsOpenFor" path="/param"/>
    public readonly bool IsExclusiveFor(Generation opened) =>
        Is(SlotState.Exclusive, opened) || Value - opened.Value + Step == SlotState.Exclusive - SlotState.Open;

    /// <summary>Whether the generation that the caller has opened is not open, and never will be again.</summary>
    /// <inheritdoc cref="IsOpenFor" path="/param"/>
    public readonly bool IsOverFor(Generation opened) => !IsOpenFor(opened) && !IsExclusiveFor(opened);
}
