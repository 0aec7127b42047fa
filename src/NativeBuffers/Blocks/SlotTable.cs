using NativeBuffers.Platform;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>All slots of the process: made in slabs, handed out in small lists, never unmapped.</summary>
internal static class SlotTable
{
    /// <summary>The number of vacant slots that a thread takes at a time.</summary>
    public const int ListLength = 16;

    /// <summary>
    /// The number of slots in a slab. After them come more words for each slot: see <see cref="CountedOf"/>, <see cref="ResizedOf"/> and
    /// <see cref="ChargedTo"/>.
    /// </summary>
    public const int SlabLength = 712;

    /// <summary>The size and the alignment of a slab, in bytes. So the address of a slot leads to the start of its slab.</summary>
    private const int SlabBytes = 64 * 1024;

    /// <summary>The number of slabs that are mapped at a time.</summary>
    private const int SlabsPerChunk = 16;

    private static readonly UninterruptedLock s_gate = new();
    private static readonly GrowingArray<nint> s_slabs = new();
    private static unsafe Slot* s_vacant;

    /// <summary>The mapped slabs that were never used, one after the other.</summary>
    private static unsafe byte* s_fresh;
    private static int s_freshCount;

    /// <summary>The number of slots that no thread has: for tests. Slow.</summary>
    public static long VacantCount
    {
        get
        {
            long count = 0;
            using (s_gate.Enter())
            {
                unsafe
                {
                    // SAFETY: the list changes only under the lock, and slots are never unmapped.
                    for (Slot* slot = s_vacant; slot != null; slot = slot->Next)
                    {
                        count++;
                    }
                }
            }

            return count;
        }
    }

    /// <summary>The generation up to which a slot's allocations are counted elsewhere: see <c>AllocationCounts</c>.</summary>
    /// <safety>The slot is one of this table's. Only the thread that has the slot writes; any thread reads.</safety>
    public static unsafe ulong* CountedOf(Slot* slot)
    {
        Slot* slab = SlabOf(slot);
        return (ulong*)(slab + SlabLength) + (slot - slab);
    }

    /// <summary>The last resizes of a slot's scoped buffer: the generation before the first of them, and the one that the last of them made.</summary>
    /// <safety>The slot is one of this table's, so these words are never unmapped. Only the thread that has the slot writes them.</safety>
    public static unsafe ref (Generation Before, Generation Made) ResizedOf(Slot* slot)
    {
        Slot* slab = SlabOf(slot);
        return ref ((ValueTuple<Generation, Generation>*)((ulong*)(slab + SlabLength) + SlabLength))[slot - slab];
    }

    /// <summary>The number of the budget to which a <see cref="SlotKind.Charged"/> block is charged.</summary>
    /// <safety>The slot is one of this table's, so this word is never unmapped. Only the thread that has the slot uses it.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ref int ChargedTo(Slot* slot)
    {
        nuint place = ((nuint)slot & (SlabBytes - 1)) / (nuint)sizeof(Slot);
        return ref ((int*)((byte*)SlabOf(slot) + (SlabLength * (sizeof(Slot) + (3 * sizeof(ulong))))))[place];
    }

    /// <summary>The addresses of all slabs, each of which begins with <see cref="SlabLength"/> slots. They are never unmapped.</summary>
    public static nint[] Slabs()
    {
        using (s_gate.Enter())
        {
            return s_slabs.ToArray();
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

    /// <summary>Puts a slot without a block in front of a list of vacant ones.</summary>
    /// <safety>The caller gives up the slot, which has no block and no home.</safety>
    public static unsafe void Link(ref Slot* list, Slot* slot)
    {
        slot->Next = list;
        list = slot;
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
        DismissCleaner(last);
        while (last->Next != null)
        {
            last = last->Next;
            DismissCleaner(last);
        }

        using (s_gate.Enter())
        {
            last->Next = s_vacant;
            s_vacant = first;
        }
    }

    /// <summary>Unlinks every scoped slot whose home lies between two addresses, as one list.</summary>
    /// <safety>The homes belong to a thread that has ended, so no thread writes to its scoped slots.</safety>
    public static unsafe Slot* CollectByHome(Bin* first, Bin* last)
    {
        Slot* found = null;
        using (s_gate.Enter())
        {
            foreach (nint slab in s_slabs.AsSpan())
            {
                for (Slot* slot = (Slot*)slab; slot < (Slot*)slab + SlabLength; slot++)
                {
                    // In this order: a slot loses its home before it becomes free.
                    bool isScoped = slot->ReadGeneration().State == SlotState.Scoped;
                    if (isScoped && slot->Home >= first && slot->Home <= last)
                    {
                        slot->Next = found;
                        found = slot;
                    }
                }
            }
        }

        return found;
    }

    /// <safety>The slot is one of this table's.</safety>
    private static unsafe Slot* SlabOf(Slot* slot) => (Slot*)((nuint)slot & ~(nuint)(SlabBytes - 1));

    /// <summary>Takes the slot's cleaner away, if there is one.</summary>
    /// <safety>The slot is the caller's, and no owner has it.</safety>
    public static unsafe void DismissCleaner(Slot* slot)
    {
        if (slot->Cleaner != 0)
        {
            GCHandle handle = GCHandle.FromIntPtr(slot->Cleaner);
            slot->Cleaner = 0;
            (handle.Target as IDisposable)?.Dispose();
            handle.Free();
        }
    }

    /// <remarks>Fresh pages are zero, so the words after the slots that no slot needs have no memory.</remarks>
    /// <safety>The caller holds the lock of the table.</safety>
    private static unsafe bool TryAddSlab()
    {
        try
        {
            // First the room in the list: a slab that is not in the list would be lost.
            FailPoint.ThrowIfRefused();
            s_slabs.EnsureRoom();
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        if (s_freshCount == 0)
        {
            s_fresh = (byte*)Host.Memory.Allocate(SlabsPerChunk * SlabBytes, SlabBytes);
            if (s_fresh == null)
            {
                return false;
            }

            s_freshCount = SlabsPerChunk;
        }

        Slot* slab = (Slot*)s_fresh;
        for (int i = 0; i < SlabLength; i++)
        {
            slab[i].Next = i + 1 < SlabLength ? slab + i + 1 : s_vacant;
            slab[i].Generation = Generation.First(((ulong)s_slabs.Count * SlabLength) + (ulong)i);
            *CountedOf(slab + i) = slab[i].Generation.Value;
        }

        s_fresh += SlabBytes;
        s_freshCount--;
        s_slabs.Add((nint)slab);
        s_vacant = slab;
        return true;
    }
}
