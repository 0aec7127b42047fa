using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>All slots of the process: made in slabs, handed out in small lists, never unmapped.</summary>
internal static class SlotTable
{
    /// <summary>How many vacant slots a thread takes at a time.</summary>
    public const int ListLength = 16;

    private const int SlabLength = 1024;

    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<nint> s_slabs = [];
    private static unsafe Slot* s_vacant;

    /// <summary>How many slabs there are.</summary>
    public static int SlabCount
    {
        get
        {
            using (s_gate.Enter())
            {
                return s_slabs.Count;
            }
        }
    }

    /// <summary>A list of vacant slots, linked by <see cref="Slot.Next"/>; null when memory is exhausted.</summary>
    /// <safety>The slots belong to the caller's thread until it gives them back.</safety>
    public static unsafe Slot* TakeList()
    {
        using (s_gate.Enter())
        {
            if (s_vacant == null && !TryAddSlab())
            {
                return null;
            }

            Slot* first = s_vacant;
            Slot* last = first;
            for (int i = 1; i < ListLength && last->Next != null; i++)
            {
                last = last->Next;
            }

            s_vacant = last->Next;
            last->Next = null;
            return first;
        }
    }

    /// <summary>Takes a list of vacant slots back.</summary>
    /// <safety>No slot of the list has a block, or is in another list. Stale copies may still look at generations.</safety>
    public static unsafe void GiveList(Slot* first)
    {
        if (first == null)
        {
            return;
        }

        Slot* last = first;
        while (last->Next != null)
        {
            last = last->Next;
        }

        using (s_gate.Enter())
        {
            last->Next = s_vacant;
            s_vacant = first;
        }
    }

    /// <summary>Unlinks every slot whose home lies between two addresses, as one list.</summary>
    /// <safety>The homes belong to a thread that has ended, so nobody writes to these slots.</safety>
    public static unsafe Slot* CollectByHome(Magazine* first, Magazine* last)
    {
        Slot* found = null;
        using (s_gate.Enter())
        {
            foreach (nint slab in s_slabs)
            {
                for (Slot* slot = (Slot*)slab; slot < (Slot*)slab + SlabLength; slot++)
                {
                    if (slot->Home >= first && slot->Home <= last)
                    {
                        slot->Next = found;
                        found = slot;
                    }
                }
            }
        }

        return found;
    }

    private static unsafe bool TryAddSlab()
    {
        Slot* slab;
        try
        {
            nuint byteCount = (nuint)SlabLength * (nuint)sizeof(Slot);
            slab = (Slot*)NativeMemory.AlignedAlloc(byteCount, (nuint)sizeof(Slot));
            NativeMemory.Clear(slab, byteCount);
            s_slabs.Add((nint)slab);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        for (int i = 0; i < SlabLength; i++)
        {
            slab[i].Next = i + 1 < SlabLength ? slab + i + 1 : s_vacant;
        }

        s_vacant = slab;
        return true;
    }
}
