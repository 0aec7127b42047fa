using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The source of the default allocator's cached blocks: runs to 16 KiB, then <c>malloc</c>'s family.</summary>
/// <remarks>Cached blocks are aligned to a cache line. <see cref="PageSource"/> is the source of the large ones.</remarks>
internal static class BlockSource
{
    /// <summary>The allocator of bare blocks that are aligned to more than a cache line. The size alone chooses it, so that the free matches.</summary>
    public static NativeAllocator OverAligned(nuint byteCount) =>
        byteCount <= SizeClasses.Largest ? MallocAllocator.Instance : PagesAllocator.Instance;

    /// <summary>Whether blocks of both sizes come from the same place, so that one of them can be freed as if it had the other size.</summary>
    public static bool AreAlike(nuint byteCount, nuint other) => BlockRun.Holds(byteCount) == BlockRun.Holds(other);

    /// <summary>A fresh cached block; null if memory is exhausted even after all caches were emptied.</summary>
    /// <safety>The block belongs to the caller.</safety>
    public static unsafe byte* TryAllocate(int sizeClass)
    {
        byte* block = TryTake(sizeClass);
        if (block == null)
        {
            Upkeep.Trim();
            block = TryTake(sizeClass);
        }

        return block;
    }

    /// <summary>Frees the blocks of a magazine, which is empty afterwards; the slots become vacant.</summary>
    /// <safety>The magazine and its slots are the caller's. All their blocks came from <see cref="TryAllocate"/>, for one size class.</safety>
    public static unsafe void Free(Magazine* magazine)
    {
        Slot* vacant = null;
        var entries = new Span<nint>(Magazine.Slots(magazine), magazine->Count);
        bool isRun = magazine->Count > 0 && BlockRun.Holds(Magazine.Slots(magazine)[0]->ByteCount);
        foreach (ref nint entry in entries)
        {
            // The slot is needed no longer, so its place in the magazine has the block from now on.
            var slot = (Slot*)entry;
            entry = (nint)slot->Start;
            Vacate(slot, ref vacant);
            if (!isRun)
            {
                NativeMemory.AlignedFree((void*)entry);
            }
        }

        if (isRun)
        {
            _ = RunClass.Give(entries, keepsEmpty: false);
        }

        magazine->Count = 0;
        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees the block of a slot, which becomes vacant.</summary>
    /// <safety>The slot is the caller's to give up. Its block came from <see cref="TryAllocate"/>.</safety>
    public static unsafe void FreeOne(Slot* slot)
    {
        Slot* vacant = null;
        void* block = slot->Start;
        int sizeClass = SizeClasses.Of(slot->ByteCount);
        Vacate(slot, ref vacant);
        Free(block, sizeClass);
        SlotTable.GiveList(vacant);
    }

    /// <summary>Frees one block that has no slot.</summary>
    /// <param name="block">The block.</param>
    /// <param name="sizeClass">Its size class, or one that is alike.</param>
    /// <safety>The block came from <see cref="TryAllocate"/>, and no copy of its address is used again.</safety>
    public static unsafe void Free(void* block, int sizeClass)
    {
        if (sizeClass < RunClass.Count)
        {
            _ = RunClass.Give([(nint)block], keepsEmpty: true);
        }
        else
        {
            NativeMemory.AlignedFree(block);
        }
    }

    /// <inheritdoc cref="FreeOne" path="/safety"/>
    private static unsafe void Vacate(Slot* slot, ref Slot* vacant)
    {
        slot->Start = null;
        slot->Home = null;
        AllocationCounts.SettleElsewhere(slot);
        SlotTable.Link(ref vacant, slot);
    }

    /// <inheritdoc cref="TryAllocate" path="/safety"/>
    private static unsafe byte* TryTake(int sizeClass)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            if (sizeClass >= RunClass.Count)
            {
                return (byte*)NativeMemory.AlignedAlloc(SizeClasses.SizeOf(sizeClass), SizeClasses.Smallest);
            }

            nint block = 0;
            return RunClass.For(sizeClass).Take(new Span<nint>(ref block)) == 1 ? (byte*)block : null;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
