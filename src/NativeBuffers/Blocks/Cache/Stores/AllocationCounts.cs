namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Counts allocations by size class, without a count on the shortest path.</summary>
/// <remarks>
/// <para>Each end of an allocation moves the generation of its slot on by one step. So the allocations of a class are the generations of
/// its slots, less those steps that were not allocations of this class. <see cref="SlotTable.CountedOf"/> is the generation up to which
/// the allocations of a slot are counted elsewhere. It changes only out of line: when a block leaves its slot, when another
/// block takes its place, and when the generation moves although the allocation goes on.</para>
/// <para>The thread that has the slot writes these words. A census reads them without a lock. For a moment it may find too few allocations, and
/// never too many: a slot is marked as counted before its allocations are added.</para>
/// </remarks>
internal struct AllocationCounts
{
    /// <summary>The class of blocks above the largest size class.</summary>
    public const int Large = SizeClasses.Count;

    /// <summary>The class of all blocks of <see cref="SlotKind.Foreign"/> and <see cref="SlotKind.Pooled"/>.</summary>
    public const int Foreign = SizeClasses.Count + 1;

    /// <summary>The number of classes: the size classes, and two more for blocks that no cache keeps.</summary>
    public const int Classes = SizeClasses.Count + 2;

    private static AllocationCounts s_elsewhere;

    /// <summary>Allocations whose blocks have left their slots, and those of bare blocks that no run of the thread served.</summary>
    public Row Settled;

    /// <summary>Allocations whose blocks came from the depot.</summary>
    public Row FromDepot;

    /// <summary>
    /// Allocations whose blocks came from runs or the C library. Of bare blocks, only those count for which a thread took over a run, or
    /// collected the blocks that other threads had freed.
    /// </summary>
    public Row Fresh;

    /// <summary>The class of a slot's block; any class while another thread changes the block.</summary>
    /// <safety>Slots are never unmapped.</safety>
    public static unsafe int ClassOf(Slot* slot) => slot->Kind switch
    {
        SlotKind.Foreign or SlotKind.Pooled => Foreign,
        SlotKind.Cached or SlotKind.Charged when (nuint)Volatile.Read(ref *(nint*)&slot->ByteCount) is var byteCount and <= SizeClasses.Largest =>
            SizeClasses.Of(byteCount),
        _ => Large,
    };

    /// <summary>Allocations that were settled by threads without a cache.</summary>
    public static long SettledElsewhere(int allocationClass) => Volatile.Read(ref s_elsewhere.Settled[allocationClass]);

    /// <summary>Counts the allocations of a slot whose block is about to leave it, or has just left.</summary>
    /// <param name="slot">Its kind and byte count are still those of the block.</param>
    /// <param name="more">Allocations that moved no generation.</param>
    /// <safety>The slot is the caller's, and these counts are those of its thread.</safety>
    public unsafe void Settle(Slot* slot, long more = 0)
    {
        long count = TakeUncounted(slot) + more;
        if (count != 0)
        {
            Add(ref Settled[ClassOf(slot)], count);
        }
    }

    /// <summary>The same as <see cref="Settle"/>, on any thread.</summary>
    /// <param name="slot">Its kind and byte count are still those of the block.</param>
    /// <param name="atLeast">The least number of allocations that there must have been.</param>
    /// <safety>The slot is the caller's.</safety>
    public static unsafe void SettleElsewhere(Slot* slot, long atLeast = 0)
    {
        long count = long.Max(TakeUncounted(slot), atLeast);
        if (count != 0)
        {
            Interlocked.Add(ref s_elsewhere.Settled[ClassOf(slot)], count);
        }
    }

    /// <summary>Notes that the generation is about to move on, and the allocation goes on under the next number.</summary>
    /// <safety>The slot is the caller's.</safety>
    public static unsafe void Renumber(Slot* slot)
    {
        Volatile.Write(ref *SlotTable.CountedOf(slot), CountedOf(slot) + Generation.Step);
    }

    /// <summary>
    /// Notes that the generation is about to move to a later number, and perhaps back again. The next allocation to count ends there.
    /// </summary>
    /// <inheritdoc cref="Settle" path="/safety"/>
    public unsafe void RenumberTo(Slot* slot, Generation generation)
    {
        Settle(slot);
        Volatile.Write(ref *SlotTable.CountedOf(slot), generation.Number);
    }

    /// <summary>The generation up to which the allocations of a slot are counted.</summary>
    /// <safety>Slots are never unmapped.</safety>
    public static unsafe ulong CountedOf(Slot* slot)
    {
        ulong counted = Volatile.Read(ref *SlotTable.CountedOf(slot));
        return counted != 0 ? counted : SlotSlab.FirstOf(slot).Number;
    }

    /// <summary>Adds to a number that one thread writes and any thread reads.</summary>
    public static void Add(ref long count, long more) => Volatile.Write(ref count, count + more);

    /// <summary>The allocations that a slot's generation shows, and that are not counted elsewhere.</summary>
    public static long Uncounted(Generation generation, ulong counted) =>
        long.Max(0, (long)(generation.Number - counted)) / (long)Generation.Step;

    /// <safety>The slot is the caller's.</safety>
    private static unsafe long TakeUncounted(Slot* slot)
    {
        ulong counted = CountedOf(slot);
        Generation generation = slot->Generation;
        long count = Uncounted(generation, counted);
        if (counted != generation.Number)
        {
            Volatile.Write(ref *SlotTable.CountedOf(slot), generation.Number);
        }

        return count;
    }

    /// <summary>A number for each class.</summary>
    [InlineArray(Classes)]
    internal struct Row
    {
        private long _first;
    }
}
