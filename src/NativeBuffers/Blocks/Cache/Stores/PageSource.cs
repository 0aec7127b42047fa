using NativeBuffers.Allocation;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The source of the default allocator's large blocks: whole pages of the system.</summary>
/// <remarks>New pages are known to be zero, so growing a block by doubling from 1 MiB to 1 GiB touches none of them.</remarks>
internal static class PageSource
{
    /// <summary>Fresh pages; null if memory is exhausted even after all caches were emptied.</summary>
    /// <safety>The block belongs to the caller.</safety>
    public static unsafe byte* TryAllocate(nuint blockBytes)
    {
        void* block = PagesAllocator.Instance.Obtain(blockBytes, SizeClasses.Smallest, zeroed: true);
        if (block == null)
        {
            Upkeep.Trim();
            block = PagesAllocator.Instance.Obtain(blockBytes, SizeClasses.Smallest, zeroed: true);
        }

        return (byte*)block;
    }

    /// <summary>Gives a block another size; null if memory is exhausted, and then nothing has changed.</summary>
    /// <param name="block">The block.</param>
    /// <param name="blockBytes">Its size, a result of <see cref="LargeSizes.RoundUp"/>.</param>
    /// <param name="newBytes">The size of the new request. Bytes after the old block are zero.</param>
    /// <safety>The block is a large one, and the caller's. The caller uses only the result.</safety>
    public static unsafe void* TryResize(void* block, nuint blockBytes, nuint newBytes)
    {
        nuint newBlockBytes = LargeSizes.RoundUp(newBytes);
        if (newBlockBytes == blockBytes)
        {
            return block;
        }

        void* resized = PagesAllocator.Instance.TryResize(block, blockBytes, newBlockBytes, SizeClasses.Smallest, zeroed: true);
        if (resized == null)
        {
            Upkeep.Trim();
            resized = PagesAllocator.Instance.TryResize(block, blockBytes, newBlockBytes, SizeClasses.Smallest, zeroed: true);
        }

        return resized;
    }

    /// <summary>Frees the blocks of slots, which become vacant.</summary>
    /// <param name="list">Linked by <see cref="Slot.Next"/>.</param>
    /// <safety>The caller gives up the slots, whose blocks have no user and whose homes are null.</safety>
    public static unsafe void Free(Slot* list)
    {
        Slot* vacant = null;
        while (list != null)
        {
            Slot* slot = list;
            list = slot->Next;
            FreeBlock(slot->Start, slot->ByteCount);
            slot->Start = null;
            AllocationCounts.SettleElsewhere(slot);
            SlotTable.Link(ref vacant, slot);
        }

        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees a block that has no slot.</summary>
    /// <param name="block">The block.</param>
    /// <param name="byteCount">The size of its request, or its own.</param>
    /// <safety>The block is a large one. No copy of its address is used again.</safety>
    public static unsafe void FreeBlock(void* block, nuint byteCount) =>
        PagesAllocator.Instance.GiveBack(block, LargeSizes.RoundUp(byteCount), SizeClasses.Smallest);
}
