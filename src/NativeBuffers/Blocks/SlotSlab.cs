using NativeBuffers.Platform;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>A <i>slab</i>: the slots that the table makes at a time. This is its record, which lies outside the slab.</summary>
/// <remarks>
/// <para>A chunk of <see cref="ChunkBytes"/> begins at a multiple of its size. In place of its first slab it has the records of its slabs, and
/// then the pins of their slots. So the address of a slot leads to its record and to its pins.</para>
/// <para>While all slots of a slab are vacant, the memory of the slab may go back to the system: the slab is <i>discarded</i>. It stays mapped, and reads
/// as zero. A generation of 0 is never open, a slot without an address has no bytes to give out, and no compare-and-swap expects such a slot.
/// Records and pins keep their memory: a thread that comes too late counts a pin, and takes it back, perhaps after the slab was discarded.</para>
/// <para>A slab that is made again begins its generations above all that its slots had. So no slot ever has a generation twice. All words of a
/// slot are written then: a late writer may have touched a discarded page, and not every system empties it. docs/decisions/0035 lists
/// the late writers, and tests/Models/discard.pml is the model.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct SlotSlab
{
    /// <summary>The size and the alignment of a slab, in bytes.</summary>
    public const int Bytes = 64 * 1024;

    /// <summary>The size and the alignment of a chunk, in bytes.</summary>
    public const int ChunkBytes = 1024 * 1024;

    /// <summary>The number of slabs in a chunk.</summary>
    public const int PerChunk = (ChunkBytes / Bytes) - 1;

    /// <summary>The neighbours in a list.</summary>
    public RecordList.Link Link;

    /// <summary>The number of vacant slots in the slab that no thread has.</summary>
    public int VacantCount;

    /// <summary>Whether the slots have memory; false once the slab is about to be discarded, until it is made again.</summary>
    public bool HasMemory;

    private unsafe Slot* _vacant;

    /// <summary>The number of slots that were made before those of this slab.</summary>
    private ulong _slotsBefore;

    /// <summary>The number by which the first generations of the slots are raised, because earlier generations of theirs came before.</summary>
    private ulong _raised;

    /// <summary>The next slab in a list.</summary>
    /// <safety>Records are never unmapped.</safety>
    public unsafe SlotSlab* Next
    {
        readonly get => (SlotSlab*)Link.Next;
        set => Link.Next = (RecordList.Link*)value;
    }

    /// <summary>The record of a slot's slab.</summary>
    /// <safety>The slot is one of the table's. Records are never unmapped.</safety>
    public static unsafe SlotSlab* Of(Slot* slot)
    {
        nuint offset = (nuint)slot & (ChunkBytes - 1);
        return (SlotSlab*)((nuint)slot - offset) + (offset / Bytes);
    }

    /// <summary>The first slot of a slab.</summary>
    /// <safety>The record lies in a chunk. Slots are never unmapped.</safety>
    public static unsafe Slot* Slots(SlotSlab* slab)
    {
        byte* chunk = (byte*)((nuint)slab & ~(nuint)(ChunkBytes - 1));
        return (Slot*)(chunk + ((slab - (SlotSlab*)chunk) * Bytes));
    }

    /// <summary>The record of the first slab of a new chunk; null if memory is exhausted.</summary>
    /// <safety>The chunk is the caller's, and all its bytes are zero.</safety>
    public static unsafe SlotSlab* TryMapChunk()
    {
        var records = (SlotSlab*)Host.Memory.Allocate(ChunkBytes, ChunkBytes);
        return records == null ? null : records + 1;
    }

    /// <summary>Makes the slots of a new slab, which are all vacant.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="slotsBefore">The number of slots that were made before.</param>
    /// <safety>The caller has the slab, which no other thread knows.</safety>
    public static unsafe void Make(SlotSlab* slab, ulong slotsBefore)
    {
        slab->_slotsBefore = slotsBefore;
        MakeAgain(slab);
    }

    /// <summary>Makes the slots of a discarded slab, which are all vacant.</summary>
    /// <safety>The caller has the slab, no slot of which has a block or is in a list. Late threads may look at the slots, and at their words.</safety>
    public static unsafe void MakeAgain(SlotSlab* slab)
    {
        Slot* slots = Slots(slab);
        for (int i = 0; i < SlotTable.SlabLength; i++)
        {
            Slot* slot = slots + i;
            *slot = default;
            slot->Next = i + 1 < SlotTable.SlabLength ? slot + 1 : null;

            // Last: a thread that sees the generation sees the other words.
            slot->WriteGeneration(slab->FirstOf(i));
        }

        slab->_vacant = slots;
        slab->VacantCount = SlotTable.SlabLength;
        slab->HasMemory = true;
    }

    /// <summary>Gives the memory of a slab back to the system. If the system refuses, the slots have to be made again all the same.</summary>
    /// <safety>The caller has the slab, no slot of which has a block or is in a list. Late threads may look at the slots, and at their words.</safety>
    public static unsafe void Discard(SlotSlab* slab)
    {
        Slot* slots = Slots(slab);
        ulong highest = slab->_raised;
        for (int i = 0; i < SlotTable.SlabLength; i++)
        {
            highest = ulong.Max(highest, slots[i].ReadGeneration().Number - slab->FirstOf(i).Number + slab->_raised);
        }

        slab->_raised = highest + Generation.Step;
        for (int i = 0; i < SlotTable.SlabLength; i++)
        {
            // 0 means the first generation, which is raised: so a census counts nothing. No thread writes the word before the slot is made again.
            ulong* counted = SlotTable.CountedOf(slots + i);
            if (*counted != 0)
            {
                Volatile.Write(ref *counted, 0);
            }
        }

        slab->_vacant = null;
        slab->VacantCount = 0;
        _ = Host.Memory.Discard(slots, Bytes, isLocked: false, isReadable: true, isWritable: true);
    }

    /// <summary>Takes vacant slots, as a list linked by <see cref="Slot.Next"/>.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="most">The most slots.</param>
    /// <param name="count">The number of slots.</param>
    /// <safety>The caller has the lock of the table, and the slab has vacant slots. The slots are the caller's.</safety>
    public static unsafe Slot* Take(SlotSlab* slab, int most, out int count)
    {
        count = int.Min(most, slab->VacantCount);
        Slot* first = slab->_vacant;
        Slot* last = first;
        for (int i = 1; i < count; i++)
        {
            last = last->Next;
        }

        slab->_vacant = last->Next;
        slab->VacantCount -= count;
        last->Next = null;
        return first;
    }

    /// <summary>Takes a slot back.</summary>
    /// <safety>The caller has the lock of the table, and gives up the slot, which is one of the slab's and has no block.</safety>
    public static unsafe void Give(SlotSlab* slab, Slot* slot)
    {
        slot->Next = slab->_vacant;
        slab->_vacant = slot;
        slab->VacantCount++;
    }

    /// <summary>The generation with which a slot was made.</summary>
    /// <safety>The slot is one of the table's. Records are never unmapped.</safety>
    public static unsafe Generation FirstOf(Slot* slot)
    {
        SlotSlab* slab = Of(slot);
        return slab->FirstOf((int)(slot - Slots(slab)));
    }

    /// <summary>The generation that a slot begins with when it is made the next time.</summary>
    private readonly Generation FirstOf(int index) => new(Generation.First(_slotsBefore + (ulong)index).Value + _raised);
}
