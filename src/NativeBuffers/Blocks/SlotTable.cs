using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>All slots of the process: made in slabs, handed out in small lists, never unmapped.</summary>
/// <remarks>
/// Threads take slots of slabs in part use first. So slabs become whole again, all slots vacant, and <see cref="Trim"/> gives their memory back to
/// the system (<see cref="SlotSlab"/>).
/// </remarks>
internal static class SlotTable
{
    /// <summary>The most vacant slots that a thread takes at a time.</summary>
    public const int ListLength = 16;

    /// <summary>
    /// The number of slots in a slab. They fill 11 pages of 4 KiB. After them come more words for each slot, which most slots never need, so that
    /// their pages have no memory: see <see cref="CountedOf"/>, <see cref="ResizedOf"/> and <see cref="ChargedTo"/>.
    /// </summary>
    public const int SlabLength = 704;

    private static readonly UninterruptedLock s_lock = new();

    /// <summary>All slabs, in the order in which they were first made.</summary>
    private static readonly GrowingArray<nint> s_slabs = new();

    /// <summary>The slabs with vacant slots and used ones.</summary>
    private static RecordList s_partial;

    /// <summary>The slabs without other slots than vacant ones.</summary>
    private static unsafe SlotSlab* s_whole;
    private static int s_wholeCount;

    /// <summary>The fewest whole slabs since the last trim of idle ones: no thread needed these.</summary>
    private static int s_fewestWhole;

    /// <summary>The slabs whose memory was given back.</summary>
    private static unsafe SlotSlab* s_discarded;

    /// <summary>The mapped slabs that were never used, one after the other.</summary>
    private static unsafe SlotSlab* s_fresh;
    private static int s_freshCount;

    /// <summary>The number of slots that no thread has, in slabs with memory: for tests. Slow.</summary>
    public static long VacantCount
    {
        get
        {
            long count = 0;
            using (s_lock.Enter())
            {
                foreach (nint slab in s_slabs.AsSpan())
                {
                    unsafe
                    {
                        // SAFETY: records are never unmapped, and their counts change only under the lock.
                        count += ((SlotSlab*)slab)->HasMemory ? ((SlotSlab*)slab)->VacantCount : 0;
                    }
                }
            }

            return count;
        }
    }

    /// <summary>The bytes of the slabs that <see cref="Trim"/> would give back now.</summary>
    public static long WholeBytes => (long)Volatile.Read(ref s_wholeCount) * SlotSlab.Bytes;

    /// <summary>
    /// The generation up to which a slot's allocations are counted elsewhere: see <c>AllocationCounts</c>. 0 means the generation with which
    /// the slot was made (<see cref="SlotSlab.FirstOf(Slot*)"/>).
    /// </summary>
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
        nuint place = ((nuint)slot & (SlotSlab.Bytes - 1)) / (nuint)sizeof(Slot);
        return ref ((int*)((byte*)SlabOf(slot) + (SlabLength * (sizeof(Slot) + (3 * sizeof(ulong))))))[place];
    }

    /// <summary>The number of pins that keep the slot's block in its place, at most <see cref="Slot.MostPins"/>. Atomic operations only.</summary>
    /// <remarks>
    /// Outside the slab, on pages that keep their contents: a pin that comes too late is counted and taken back, whatever became of the slab in
    /// between. Pages of slots that were never pinned have no memory.
    /// </remarks>
    /// <safety>The slot is one of this table's, so this word is never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ref int PinsOf(Slot* slot)
    {
        nuint offset = (nuint)slot & (SlotSlab.ChunkBytes - 1);
        return ref *(int*)((nuint)slot - offset + (offset / (nuint)(sizeof(Slot) / sizeof(int))));
    }

    /// <summary>The addresses of all slabs with memory, each of which begins with <see cref="SlabLength"/> slots. They are never unmapped.</summary>
    /// <remarks>A slab may be discarded during the use of the result. Then the generations of its slots are 0.</remarks>
    public static nint[] Slabs()
    {
        using (s_lock.Enter())
        {
            nint[] slabs = new nint[s_slabs.Count];
            int count = 0;
            foreach (nint slab in s_slabs.AsSpan())
            {
                unsafe
                {
                    // SAFETY: records are never unmapped.
                    if (((SlotSlab*)slab)->HasMemory)
                    {
                        slabs[count++] = (nint)SlotSlab.Slots((SlotSlab*)slab);
                    }
                }
            }

            Array.Resize(ref slabs, count);
            return slabs;
        }
    }

    /// <summary>A list of vacant slots of one slab, linked by <see cref="Slot.Next"/>; null when memory is exhausted.</summary>
    /// <param name="count">The number of slots, at most <see cref="ListLength"/>.</param>
    /// <safety>The slots belong to the caller's thread until it gives them back.</safety>
    public static unsafe Slot* TakeList(out int count)
    {
        count = 0;
        using (s_lock.Enter())
        {
            if (s_partial.First == null && !TryAddPartial())
            {
                return null;
            }

            SlotSlab* slab = (SlotSlab*)s_partial.First;
            Slot* first = SlotSlab.Take(slab, ListLength, out count);
            if (slab->VacantCount == 0)
            {
                s_partial.Remove(&slab->Link);
            }

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
        for (Slot* slot = first; slot != null; slot = slot->Next)
        {
            DismissCleaner(slot);
        }

        using (s_lock.Enter())
        {
            while (first != null)
            {
                Slot* slot = first;
                first = slot->Next;
                GiveOne(SlotSlab.Of(slot), slot);
            }
        }
    }

    /// <summary>Gives the memory of slabs back that have vacant slots only: of all, or of as many as no thread needed since the last such call.</summary>
    public static void Trim(bool idleOnly)
    {
        unsafe
        {
            // SAFETY: a slab that was taken out of its list belongs to this method, with its slots, until it is in the next list.
            SlotSlab* taken = null;
            using (s_lock.Enter())
            {
                for (int i = idleOnly ? s_fewestWhole : s_wholeCount; i > 0; i--)
                {
                    SlotSlab* slab = TakeWhole();
                    slab->HasMemory = false;
                    slab->Next = taken;
                    taken = slab;
                }

                s_fewestWhole = s_wholeCount;
            }

            // Not under the lock: this takes some microseconds for each slab.
            while (taken != null)
            {
                SlotSlab* slab = taken;
                taken = slab->Next;
                SlotSlab.Discard(slab);
                using (s_lock.Enter())
                {
                    slab->Next = s_discarded;
                    s_discarded = slab;
                }
            }
        }
    }

    /// <summary>Unlinks every scoped slot whose home lies between two addresses, as one list.</summary>
    /// <safety>The homes belong to a thread that has ended, so no thread writes to its scoped slots.</safety>
    public static unsafe Slot* CollectByHome(Bin* first, Bin* last)
    {
        Slot* found = null;
        using (s_lock.Enter())
        {
            foreach (nint each in s_slabs.AsSpan())
            {
                var slab = (SlotSlab*)each;
                Slot* slots = SlotSlab.Slots(slab);
                for (Slot* slot = slots; slab->HasMemory && slot < slots + SlabLength; slot++)
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
    private static unsafe Slot* SlabOf(Slot* slot) => (Slot*)((nuint)slot & ~(nuint)(SlotSlab.Bytes - 1));

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

    /// <summary>Puts a slab with vacant slots into the list of those in part use: a whole one, a discarded one, or a new one.</summary>
    /// <returns>False if memory is exhausted.</returns>
    /// <safety>The caller holds the lock of the table.</safety>
    private static unsafe bool TryAddPartial()
    {
        SlotSlab* slab;
        if (s_whole != null)
        {
            slab = TakeWhole();
        }
        else if (s_discarded != null)
        {
            slab = s_discarded;
            s_discarded = slab->Next;
            SlotSlab.MakeAgain(slab);
        }
        else
        {
            slab = TryMake();
        }

        if (slab != null)
        {
            s_partial.Add(&slab->Link);
        }

        return slab != null;
    }

    /// <summary>A slab that was never used; null if memory is exhausted.</summary>
    /// <remarks>Fresh pages are zero, so the words after the slots that no slot needs have no memory.</remarks>
    /// <inheritdoc cref="TryAddPartial" path="/safety"/>
    private static unsafe SlotSlab* TryMake()
    {
        try
        {
            // First the room in the list: a slab that is not in the list would be lost.
            FailPoint.ThrowIfRefused();
            s_slabs.EnsureRoom();
        }
        catch (OutOfMemoryException)
        {
            return null;
        }

        if (s_freshCount == 0)
        {
            s_fresh = SlotSlab.TryMapChunk();
            if (s_fresh == null)
            {
                return null;
            }

            s_freshCount = SlotSlab.PerChunk;
        }

        SlotSlab* slab = s_fresh++;
        s_freshCount--;
        SlotSlab.Make(slab, (ulong)s_slabs.Count * SlabLength);
        s_slabs.Add((nint)slab);
        return slab;
    }

    /// <summary>Takes a slot back.</summary>
    /// <safety>The caller holds the lock of the table, and gives up the slot, which is one of the slab's and has no block.</safety>
    private static unsafe void GiveOne(SlotSlab* slab, Slot* slot)
    {
        if (slab->VacantCount == 0)
        {
            s_partial.Add(&slab->Link);
        }

        SlotSlab.Give(slab, slot);
        if (slab->VacantCount == SlabLength)
        {
            s_partial.Remove(&slab->Link);
            slab->Next = s_whole;
            s_whole = slab;
            s_wholeCount++;
        }
    }

    /// <safety>The caller holds the lock of the table, and a whole slab is there. It is the caller's.</safety>
    private static unsafe SlotSlab* TakeWhole()
    {
        SlotSlab* slab = s_whole;
        s_whole = slab->Next;
        s_fewestWhole = int.Min(s_fewestWhole, --s_wholeCount);
        return slab;
    }
}
