using NativeBuffers.Allocation;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The source of the default allocator's large blocks: whole pages of the system.</summary>
/// <remarks>
/// <para>New pages are known to be zero, so growing a block by doubling from 1 MiB to 1 GiB touches none of them.</para>
/// <para>Each fresh block begins some lines after the start of its first page: its <i>colour</i> (Bonwick). Otherwise the same line of each page
/// would meet the same few sets of the processor's caches. The address tells the colour. So a block keeps its colour when it moves, and
/// the free finds the whole mapping. A mapping has one page more than its block if the colour is not 0.</para>
/// </remarks>
internal static class PageSource
{
    /// <summary>The largest block that gets a colour. Larger ones may be huge pages, which a mapping of another size would not fill.</summary>
    private const uint LargestColoured = (2 * 1024 * 1024) - 1;

    /// <summary>The number of fresh blocks, which may wrap.</summary>
    private static int s_freshCount;

    /// <summary>Fresh pages; null if memory is exhausted even after all caches were emptied.</summary>
    /// <param name="blockBytes">A result of <see cref="LargeSizes.RoundUp"/>.</param>
    /// <param name="alignment">At most the size of a page. Above that of all cached blocks, the block has no colour.</param>
    /// <safety>The block belongs to the caller.</safety>
    public static unsafe byte* TryAllocate(nuint blockBytes, nuint alignment = SizeClasses.Smallest)
    {
        bool isColoured = alignment <= SizeClasses.Smallest && blockBytes <= LargestColoured;
        nuint colour = isColoured ? NextColour() : 0;
        void* pages = PagesAllocator.Instance.Obtain(blockBytes + colour, SizeClasses.Smallest, zeroed: true);
        if (pages == null)
        {
            Upkeep.Trim();
            pages = PagesAllocator.Instance.Obtain(blockBytes + colour, SizeClasses.Smallest, zeroed: true);
        }

        return pages == null ? null : (byte*)pages + colour;
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

        nuint colour = ColourOf(block);
        if (!Layout.TryAdd(newBlockBytes, colour, out nuint newMapped))
        {
            return null;
        }

        byte* pages = (byte*)block - colour;
        void* resized = PagesAllocator.Instance.TryResize(pages, blockBytes + colour, newMapped, SizeClasses.Smallest, zeroed: true);
        if (resized == null)
        {
            Upkeep.Trim();
            resized = PagesAllocator.Instance.TryResize(pages, blockBytes + colour, newMapped, SizeClasses.Smallest, zeroed: true);
        }

        return resized == null ? null : (byte*)resized + colour;
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
    public static unsafe void FreeBlock(void* block, nuint byteCount)
    {
        nuint colour = ColourOf(block);
        PagesAllocator.Instance.GiveBack((byte*)block - colour, LargeSizes.RoundUp(byteCount) + colour, SizeClasses.Smallest);
    }

    /// <summary>A place in a page for the next fresh block: one line after the last one.</summary>
    private static nuint NextColour() => ((nuint)(uint)Interlocked.Increment(ref s_freshCount) * CacheLine.Size) & (SystemMemory.PageSize - 1);

    /// <summary>The bytes of the mapping before the block.</summary>
    /// <safety>No pointer is followed.</safety>
    private static unsafe nuint ColourOf(void* block) => (nuint)block & (SystemMemory.PageSize - 1);
}
