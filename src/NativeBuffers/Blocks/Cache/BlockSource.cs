using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The source of the default allocator's cached blocks: <c>malloc</c>'s family. <see cref="PageSource"/> is that of the large ones.</summary>
/// <remarks>Cached blocks are aligned to a cache line.</remarks>
internal static class BlockSource
{
    /// <summary>The allocator of bare blocks that are aligned to more than a cache line. The size alone chooses it, so that the free matches.</summary>
    public static NativeAllocator OverAligned(nuint byteCount) =>
        byteCount <= SizeClasses.Largest ? MallocAllocator.Instance : PagesAllocator.Instance;

    /// <summary>A fresh cached block; null if memory is exhausted even after all caches were emptied.</summary>
    /// <safety>The block belongs to the caller.</safety>
    public static unsafe byte* TryAllocate(int sizeClass)
    {
        void* block = TryAlign(SizeClasses.SizeOf(sizeClass));
        if (block == null)
        {
            Upkeep.Trim();
            block = TryAlign(SizeClasses.SizeOf(sizeClass));
        }

        return (byte*)block;
    }

    /// <summary>Frees the blocks of a magazine, which is empty afterwards; the slots become vacant.</summary>
    /// <safety>The magazine and its slots are the caller's. All their blocks came from <see cref="TryAllocate"/>.</safety>
    public static unsafe void Free(Magazine* magazine)
    {
        Slot* vacant = null;
        while (magazine->Count > 0)
        {
            Free(Magazine.Slots(magazine)[--magazine->Count], ref vacant);
        }

        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees the block of a slot, which becomes vacant.</summary>
    /// <safety>The slot is the caller's to give up. Its block came from <see cref="TryAllocate"/>.</safety>
    public static unsafe void FreeOne(Slot* slot)
    {
        Slot* vacant = null;
        Free(slot, ref vacant);
        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees one block that has no slot.</summary>
    /// <safety>The block came from <see cref="TryAllocate"/>, and no copy of its address is used again.</safety>
    public static unsafe void Free(void* block) => NativeMemory.AlignedFree(block);

    /// <inheritdoc cref="FreeOne" path="/safety"/>
    private static unsafe void Free(Slot* slot, ref Slot* vacant)
    {
        Free(slot->Start);
        slot->Start = null;
        slot->Home = null;
        AllocationCounts.SettleElsewhere(slot);
        SlotTable.Link(ref vacant, slot);
    }

    /// <inheritdoc cref="TryAllocate" path="/safety"/>
    private static unsafe void* TryAlign(nuint byteCount)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            return NativeMemory.AlignedAlloc(byteCount, SizeClasses.Smallest);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
