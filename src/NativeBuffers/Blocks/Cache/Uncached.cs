using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Slots whose blocks no thread keeps: large ones, and those of an allocator that the user chose.</summary>
internal static class Uncached
{
    /// <summary>A slot with a large block of the default allocator; null when memory is exhausted.</summary>
    /// <safety>The slot belongs to the caller, on this thread, until it is returned.</safety>
    public static unsafe Slot* TryTakeLarge(nuint byteCount, bool zeroed)
    {
        Slot* slot = TryTake(SlotKind.Large, default, byteCount, zeroed);
        if (slot == null)
        {
            // Perhaps the caches hold what is missing here.
            NativeMemoryCache.Trim();
            slot = TryTake(SlotKind.Large, default, byteCount, zeroed);
        }

        return slot;
    }

    /// <summary>A slot with a block of <paramref name="allocator"/>; null when memory is exhausted.</summary>
    /// <safety>The slot belongs to the caller, on this thread, until it is returned.</safety>
    public static unsafe Slot* TryTakeFrom(NativeAllocator allocator, nuint byteCount, bool zeroed)
    {
        allocator = AllocatorHooks.Over(allocator);

        // The handle first: once there is a block, nothing more may fail.
        nint handle = 0;
        Slot* slot = null;
        try
        {
            if (!TryRefer(allocator, out handle))
            {
                return null;
            }

            slot = TryTake(SlotKind.Foreign, handle, byteCount, zeroed);
        }
        finally
        {
            if (slot == null)
            {
                Unrefer(allocator, handle);
            }

            AllocationSite.Forget();
        }

        return slot;
    }

    /// <summary>A slot with a block that came from elsewhere; null when memory is exhausted.</summary>
    /// <safety>The block is the caller's to give up, and the allocator can free so many bytes there.</safety>
    public static unsafe Slot* TryAdopt(void* start, nuint byteCount, NativeAllocator freedBy)
    {
        NativeAllocator allocator = AllocatorHooks.OverAdopted(freedBy);
        if (!TryRefer(allocator, out nint handle))
        {
            return null;
        }

        Slot* slot = AllocateSlowPath.TryTakeVacant();
        if (slot == null)
        {
            Unrefer(allocator, handle);
            AllocationSite.Forget();
            return null;
        }

        // Perhaps a bare block that a flow knows, on a thread that does not work for it.
        AllocatorHooks.NoteBareFree(allocator, (nint)start);
        allocator.Adopt(start, byteCount);
        AllocationSite.Forget();
        slot->Kind = SlotKind.Foreign;
        slot->Allocator = handle;
        slot->ByteCount = byteCount;
        slot->Start = (byte*)start;
        return slot;
    }

    /// <summary>Takes the block out of a slot that one thread keeps the others out of. The slot is vacant then.</summary>
    /// <safety>The slot belongs to the caller, in the state exclusive; the block does, from now on.</safety>
    public static unsafe void* Detach(Slot* slot)
    {
        void* block = slot->Start;
        if (slot->Kind == SlotKind.Foreign)
        {
            NativeAllocator allocator = AllocatorOf(slot);
            block = allocator.Release(block, slot->ByteCount, AlignmentOf(slot));
            if (block == null)
            {
                throw allocator.RefusalOf(slot->ByteCount);
            }

            Unrefer(allocator, slot->Allocator);
        }

        if (ThreadCache.IsHere(slot->Home, out _))
        {
            slot->Generation = slot->Generation.Next;
            FreeSlowPath.ReturnVacant(slot);
        }
        else
        {
            Vacate(slot);
        }

        return block;
    }

    /// <summary>Whether <see cref="TryResize"/> can give a block another size: its allocator may depend on that.</summary>
    /// <safety>The slot belongs to the caller, and has a block.</safety>
    public static unsafe bool CanResize(Slot* slot, nuint byteCount) => slot->Kind switch
    {
        SlotKind.Large => byteCount > SizeClasses.Largest && LargeBlocks.For(byteCount) == LargeBlocks.For(slot->ByteCount),
        SlotKind.Foreign => true,
        _ => false,
    };

    /// <summary>Resizes the block where it is or elsewhere; false when memory is exhausted, and then nothing changed.</summary>
    /// <safety>The slot belongs to the caller, and <see cref="CanResize"/>.</safety>
    public static unsafe bool TryResize(Slot* slot, nuint byteCount, bool zeroed)
    {
        void* resized = TryResizeBlock(slot, byteCount, zeroed);
        if (resized == null && slot->Kind == SlotKind.Large)
        {
            NativeMemoryCache.Trim();
            resized = TryResizeBlock(slot, byteCount, zeroed);
        }

        if (resized == null)
        {
            return false;
        }

        slot->Start = (byte*)resized;
        slot->ByteCount = byteCount;
        return true;
    }

    /// <summary>Frees the block of a slot, whoever it came from. The slot is then vacant.</summary>
    /// <safety>The slot belongs to the caller and has a block.</safety>
    public static unsafe void Free(Slot* slot)
    {
        if (slot->Kind == SlotKind.Cached)
        {
            BlockSource.Free(slot->Start);
            return;
        }

        NativeAllocator allocator = AllocatorOf(slot);
        nuint alignment = AlignmentOf(slot);
        if (slot->Kind == SlotKind.Foreign)
        {
            Unrefer(allocator, slot->Allocator);
        }

        allocator.FreeOfOwner(slot->Start, slot->ByteCount, alignment);
        if (allocator.Layers.ReadSite)
        {
            AllocationSite.Forget();
        }
    }

    /// <summary>Frees a closing slot's block on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, and is not a cached one.</safety>
    public static unsafe void FreeElsewhere(Slot* slot)
    {
        try
        {
            Free(slot);
        }
        finally
        {
            Vacate(slot);
        }
    }

    /// <summary>Gives a slot without a block to the table, on a thread that its home does not belong to.</summary>
    private static unsafe void Vacate(Slot* slot)
    {
        // Without a home first: a slot that is in no generation's hands and has a home would count as abandoned with it.
        _ = Interlocked.Increment(ref slot->Home->Cache->SlotsTakenAway);
        slot->Home = null;
        slot->Start = null;
        slot->WriteGeneration(slot->Generation.Next);
        AllocationCounts.SettleElsewhere(slot);
        Slot* vacant = null;
        SlotTable.Link(ref vacant, slot);
        SlotTable.GiveList(vacant);
    }

    private static unsafe void* TryResizeBlock(Slot* slot, nuint byteCount, bool zeroed) =>
        AllocatorOf(slot).TryResize(slot->Start, slot->ByteCount, byteCount, AlignmentOf(slot), zeroed);

    private static unsafe Slot* TryTake(SlotKind kind, nint allocator, nuint byteCount, bool zeroed)
    {
        Slot* slot = AllocateSlowPath.TryTakeVacant();
        if (slot == null)
        {
            return null;
        }

        // An allocator may be the user's own, and may throw: the slot must not be lost then.
        try
        {
            slot->Kind = kind;
            slot->Allocator = allocator;
            slot->ByteCount = byteCount;
            slot->Start = (byte*)AllocatorOf(slot).Obtain(byteCount, AlignmentOf(slot), zeroed);
        }
        finally
        {
            if (slot->Start == null)
            {
                FreeSlowPath.ReturnVacant(slot);
            }
        }

        return slot->Start == null ? null : slot;
    }

    /// <summary>The allocator that frees the block of a slot.</summary>
    /// <safety>The slot belongs to the caller, has a block, and is not a cached one.</safety>
    public static unsafe NativeAllocator AllocatorOf(Slot* slot) =>
        slot->Kind == SlotKind.Large ? LargeBlocks.For(slot->ByteCount) : (NativeAllocator)GCHandle.FromIntPtr(slot->Allocator).Target!;

    /// <summary>Large blocks are aligned like cached ones; other allocators are asked for no more than they give anyway.</summary>
    private static unsafe nuint AlignmentOf(Slot* slot) =>
        slot->Kind == SlotKind.Large ? SizeClasses.Smallest : AllocatorOf(slot).BlockAlignment;

    /// <summary>A handle that keeps the allocator for as long as a slot has it; false when memory is exhausted.</summary>
    private static bool TryRefer(NativeAllocator allocator, out nint handle)
    {
        try
        {
            if (allocator.LivesForever)
            {
                handle = allocator.Handle;
            }
            else
            {
                FailPoint.ThrowIfRefused();
                handle = GCHandle.ToIntPtr(GCHandle.Alloc(allocator));
            }

            return true;
        }
        catch (OutOfMemoryException)
        {
            handle = 0;
            return false;
        }
    }

    /// <summary>Ends what <see cref="TryRefer"/> began; nothing for 0.</summary>
    private static void Unrefer(NativeAllocator allocator, nint handle)
    {
        if (!allocator.LivesForever && handle != 0)
        {
            GCHandle.FromIntPtr(handle).Free();
        }
    }
}
