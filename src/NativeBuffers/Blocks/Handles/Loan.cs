using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Blocks.Handles;

/// <summary>One generation of a slot that is held: which slot, which generation, and whose it was when it was lent.</summary>
internal readonly struct Loan
{
    /// <summary>What to add to a held generation to come to the next, free one.</summary>
    public const ulong ToNext = Generation.Step - (ulong)SlotState.Open;

    // Fields, not properties: each property would count as a statement where a finally is short enough to be copied.

    /// <safety>Look at its generation before anything else.</safety>
    public readonly unsafe Slot* Slot;

    /// <summary>The slot's generation while nobody has borrowed it yet.</summary>
    public readonly Generation Opened;

    /// <summary>Whose the slot was when it was lent. Here so that a return need not wait for the slot to tell: see <see cref="Lease"/>.</summary>
    public readonly unsafe Bin* Home;

    /// <safety>The slot is held in this generation, and has this home.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe Loan(Slot* slot, Generation opened, Bin* home)
    {
        Slot = slot;
        Opened = opened;
        Home = home;
    }
}
