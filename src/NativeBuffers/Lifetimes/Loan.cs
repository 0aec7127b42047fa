using System.Runtime.CompilerServices;
using NativeBuffers.Caches;

namespace NativeBuffers.Lifetimes;

/// <summary>One generation of a slot that is held: which slot, which generation, and whose it was when it was lent.</summary>
internal readonly struct Loan
{
    private readonly unsafe Slot* _slot;

    // Here so that a return need not wait for the slot to tell: see Lease.
    private readonly unsafe Magazine* _home;

    /// <safety>The slot is held in this generation, and has this home.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe Loan(Slot* slot, ulong held, Magazine* home)
    {
        _slot = slot;
        _home = home;
        Held = held;
    }

    /// <summary>The slot's generation while nobody has borrowed it yet.</summary>
    public ulong Held { get; }

    /// <safety>Look at its generation before anything else.</safety>
    public unsafe Slot* Slot => _slot;

    public unsafe Magazine* Home => _home;
}
