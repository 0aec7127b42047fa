using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>Lets one thread use its own data almost for free, and others on rare occasions.</summary>
/// <remarks>
/// <para>The owner enters with a plain store and a plain load; a visitor pays with a barrier in every core. This is
/// Dekker's mutual exclusion made asymmetric (Dice, Huang and Yang, 2001).</para>
/// <para>Why it holds. The owner writes <c>_inside</c>, then reads <c>_visited</c>; the visitor writes <c>_visited</c>,
/// then passes <see cref="Interlocked.MemoryBarrierProcessWide"/>, then reads <c>_inside</c>. The barrier falls
/// somewhere in the owner's sequence. If it falls after the owner's store, the store is visible to the visitor, which
/// waits. If it falls before, the owner's later load sees <c>_visited</c>, and the owner waits. On x64 the store may
/// still be in the store buffer when the load is done, and on Arm64 they may be reordered: the barrier, which runs on
/// the owner's core, settles both. Leaving is a release store on either side, so what was done inside is seen by the
/// next one in.</para>
/// <para>One visitor at a time: visitors hold a lock of their own.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct OwnerGate
{
    private int _inside;
    private int _visited;

    /// <summary>The owner comes in, and waits while a visitor is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        Volatile.Write(ref _inside, 1);
        if (Volatile.Read(ref _visited) != 0)
        {
            WaitForVisitor();
        }
    }

    /// <summary>The owner leaves.</summary>
    public void Leave() => Volatile.Write(ref _inside, 0);

    /// <summary>A visitor asks to come in. Follow with <see cref="Interlocked.MemoryBarrierProcessWide"/>, then <see cref="WaitForOwner"/>.</summary>
    public void Announce() => Volatile.Write(ref _visited, 1);

    /// <summary>The visitor waits until the owner is out; it comes back in only after <see cref="EndVisit"/>.</summary>
    public void WaitForOwner()
    {
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _inside) != 0)
        {
            spinner.SpinOnce();
        }
    }

    /// <summary>The visitor leaves.</summary>
    public void EndVisit() => Volatile.Write(ref _visited, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitForVisitor()
    {
        do
        {
            Volatile.Write(ref _inside, 0);
            var spinner = default(SpinWait);
            while (Volatile.Read(ref _visited) != 0)
            {
                spinner.SpinOnce();
            }

            Volatile.Write(ref _inside, 1);
        }
        while (Volatile.Read(ref _visited) != 0);
    }
}
