using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Blocks;

/// <summary>How far the loan of a block is, in the lowest bits of <see cref="Slot.Generation"/>.</summary>
/// <remarks>
/// The first three held states are neighbours: "is this generation still open?" is one subtraction and one comparison.
/// </remarks>
internal enum SlotState
{
    /// <summary>Free; or lent to a scoped buffer, whose thread alone writes the generation.</summary>
    Scoped = 0,

    /// <summary>Lent to a holder on the managed heap. Nobody has borrowed it in this generation.</summary>
    Held = 1,

    /// <summary>Held, and borrowed by the thread that the slot's home belongs to, if by any.</summary>
    Biased = 2,

    /// <summary>Held, and perhaps borrowed by any thread.</summary>
    Shared = 3,

    /// <summary>One thread changes the block or its holder; who wants to use it waits.</summary>
    Exclusive = 4,

    /// <summary>No longer open: one thread is finding out whether somebody uses the block still.</summary>
    Closing = 5,

    /// <summary>No longer open, but used: who ends the last use gives the block back.</summary>
    Deferred = 6,

    /// <summary>Given back by another thread than the one its home belongs to; on its way through a <see cref="RemoteFrees"/>.</summary>
    Returned = 7,
}
