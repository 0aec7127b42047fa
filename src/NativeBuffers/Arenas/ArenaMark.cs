namespace NativeBuffers.Arenas;

/// <summary>What an arena was like when a scope began. Stands in the arena, before the scope's first allocation.</summary>
internal struct ArenaMark
{
    /// <summary>The scope's ticket.</summary>
    public ulong Ticket;

    /// <summary>The ticket of the scope around it, or of the arena.</summary>
    public ulong OuterTicket;

    /// <summary>The mark of the scope around it; null if there is none.</summary>
    public unsafe ArenaMark* Outer;

    /// <summary>What <see cref="ArenaHeader"/> had.</summary>
    public unsafe ArenaChunk* Last;

    public ulong Next;

    public ulong End;

    public long Reserve;
}
