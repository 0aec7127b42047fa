using NativeBuffers.Blocks;

namespace NativeBuffers.Arenas;

/// <summary>Who may allocate from an arena: stands where it can be read when the arena is gone.</summary>
/// <remarks>
/// An arena's <i>life</i> begins with a ticket, and each scope gets a new, higher one; the next life's are higher still. So a
/// ticket not below the life that goes on was given out in it. A scoped arena's gate is made of the first words of its first
/// block's slot, whose generation is the ticket: what makes a buffer's copies stale does the same to an arena's.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ArenaGate
{
    /// <summary>What one ticket adds to the one before: as much as a slot's generation grows.</summary>
    public const ulong Step = Generation.Step;

    /// <summary>The ticket of the innermost scope that is open, or of the arena itself: the one that may allocate.</summary>
    public ulong Ticket;

    // The complement of the life's first ticket. Its highest bit is set, unlike that of zero and of the addresses which slots
    // in lists have here.
    private ulong _life;

    /// <summary>Begins a life.</summary>
    public void Begin(ulong ticket)
    {
        Ticket = ticket;
        _life = ~ticket;
    }

    /// <summary>Ends the life.</summary>
    /// <param name="next">A ticket higher than all of this life's.</param>
    public void End(ulong next)
    {
        _life = 0;
        Ticket = next;
    }

    /// <summary>Whether the life that this ticket belongs to goes on, so that the arena's memory may be looked at.</summary>
    public readonly bool IsLifeOf(ulong ticket) => (long)_life < 0 && ~_life <= ticket;

    /// <summary>Whether this is the ticket of the life itself, and that goes on.</summary>
    public readonly bool IsLife(ulong ticket) => _life == ~ticket;
}
