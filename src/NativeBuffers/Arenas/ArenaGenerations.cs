namespace NativeBuffers.Arenas;

/// <summary>The generation of an arena, and that of its innermost open scope. Readable after the arena was freed.</summary>
/// <remarks>
/// An arena and each of its scopes get a generation, and each is higher than the one before. So a generation that is not below the
/// arena's was given out in its present life. For a <see cref="NativeArena"/>, these are the first words of the slot of its first block,
/// whose generation is the current one. So copies of an arena become stale in the same way as copies of a buffer.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ArenaGenerations
{
    /// <summary>The distance of two generations: the same as that of a slot's generations.</summary>
    public const ulong Step = Blocks.Generation.Step;

    /// <summary>The generation of the innermost open scope, or of the arena if no scope is open. Only its handles may allocate.</summary>
    public ulong Current;

    // The complement of the arena's generation. Its highest bit is set, unlike the highest bit of zero and of addresses, which
    // free slots have here.
    private ulong _complement;

    /// <summary>Begins a life of the arena.</summary>
    public void Begin(ulong generation)
    {
        Current = generation;
        _complement = ~generation;
    }

    /// <summary>Ends the life of the arena.</summary>
    /// <param name="next">A generation above all of this life.</param>
    public void End(ulong next)
    {
        _complement = 0;
        Current = next;
    }

    /// <summary>Whether a generation belongs to the present life of the arena. If so, the arena's header may be read.</summary>
    public readonly bool IsAlive(ulong generation) => (long)_complement < 0 && ~_complement <= generation;

    /// <summary>Whether a generation is that of the arena, and the arena is alive.</summary>
    public readonly bool IsArena(ulong generation) => _complement == ~generation;
}
