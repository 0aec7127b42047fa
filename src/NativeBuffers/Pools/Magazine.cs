using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>The blocks of one size that one thread keeps for its next buffers.</summary>
/// <remarks>
/// <para>Two levels. <see cref="Hot"/> is the block freed last. A buffer that is created and disposed again and again
/// only ever moves this one pointer, so the processor waits for one store to reach one load and no more; a list or a
/// counted stack is a chain of two or three such waits (measured: 5.5 ns a round trip with it, 8 ns without).</para>
/// <para>Behind it are two lists, the loaded one and the previous one, each of up to <see cref="Capacity"/> blocks.
/// Whole lists move to and from the depot, so a thread that sways around a boundary does not trade one block at a time.
/// The scheme is Bonwick and Adams's (Magazines and Vmem, 2001).</para>
/// <para>Only its thread touches <see cref="Hot"/>. The lists are also reached by a trimming thread, through
/// <see cref="OwnerGate"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Magazine
{
    /// <summary>The block freed last, or null. In a magazine that never takes a block: <see cref="NoRoom"/>.</summary>
    public unsafe Slot* Hot;

    /// <summary>The list that blocks are taken from and given back to.</summary>
    public Bundle Loaded;

    /// <summary>A full list behind it, or an empty one.</summary>
    public Bundle Previous;

    public unsafe ThreadCache* Cache;

    /// <summary>How many blocks each list may have.</summary>
    public int Capacity;

    public int SizeClass;

    /// <summary>Whether the thread has asked the budget for room and got some.</summary>
    public bool IsOpen;

    /// <summary>Whether the lists were used since the last full collection.</summary>
    public bool IsBusy;

    /// <summary>A value of <see cref="Hot"/> that is no slot: the place is taken for ever.</summary>
    public static unsafe Slot* NoRoom => (Slot*)1;

    /// <summary>Puts a block on the loaded list; false when both lists are full.</summary>
    /// <safety>The caller is inside the gate, and the block is free.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool TryPush(Slot* slot)
    {
        IsBusy = true;
        if (Loaded.Count >= Capacity && !TryLoadEmpty())
        {
            return false;
        }

        Loaded.Push(slot);
        return true;
    }

    /// <summary>Takes a block from the lists; null when both are empty.</summary>
    /// <safety>The caller is inside the gate.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe Slot* TryPop()
    {
        IsBusy = true;
        if (Loaded.IsEmpty)
        {
            LoadPrevious();
        }

        return Loaded.TryPop();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryLoadEmpty()
    {
        if (Capacity == 0 || !Previous.IsEmpty)
        {
            return false;
        }

        Previous = Bundle.Take(ref Loaded);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LoadPrevious() => Loaded = Bundle.Take(ref Previous);
}
