using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Where cached blocks come from and go to in the end: <c>malloc</c>'s family, aligned to a cache line.</summary>
internal static class BlockSource
{
    /// <summary>A fresh block; null when memory is exhausted even after all caches were emptied.</summary>
    /// <safety>The caller owns the block.</safety>
    public static unsafe byte* TryAllocate(int sizeClass) => (byte*)TryAlign(SizeClasses.SizeOf(sizeClass)) is var block && block != null
        ? block
        : Retry(sizeClass);

    /// <summary>Frees the blocks of a magazine, which is empty afterwards; the slots become vacant.</summary>
    /// <safety>The magazine and its slots are the caller's; all their blocks came from here.</safety>
    public static unsafe void Free(Magazine* magazine)
    {
        Slot* vacant = null;
        while (magazine->Count > 0)
        {
            Slot* slot = Magazine.Slots(magazine)[--magazine->Count];
            Free(slot->Start);
            slot->Start = null;
            slot->Home = null;
            AllocationCounts.SettleElsewhere(slot);
            SlotTable.Link(ref vacant, slot);
        }

        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees the block of a slot, which becomes vacant.</summary>
    /// <safety>The slot is the caller's, who gives it up; its block came from here.</safety>
    public static unsafe void FreeOne(Slot* slot)
    {
        Free(slot->Start);
        slot->Start = null;
        AllocationCounts.SettleElsewhere(slot);
        Slot* vacant = null;
        SlotTable.Link(ref vacant, slot);
        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees one block that has no slot.</summary>
    /// <safety>The block came from <see cref="TryAllocate"/>, and no copy of its address is used again.</safety>
    public static unsafe void Free(void* block) => NativeMemory.AlignedFree(block);

    private static unsafe byte* Retry(int sizeClass)
    {
        NativeMemoryCache.Trim();
        return (byte*)TryAlign(SizeClasses.SizeOf(sizeClass));
    }

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
