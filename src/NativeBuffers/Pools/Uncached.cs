using System.Runtime.InteropServices;
using NativeBuffers.Raw;

namespace NativeBuffers.Pools;

/// <summary>Slots whose blocks no thread keeps: large ones, and those of an allocator that the user chose.</summary>
internal static class Uncached
{
    /// <summary>The allocator of blocks above the largest class.</summary>
    private static NativeAllocator LargeBlocks => MallocAllocator.Instance;

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
        // The handle first: once there is a block, nothing more may fail.
        GCHandle handle = GCHandle.Alloc(allocator);
        Slot* slot = null;
        try
        {
            slot = TryTake(SlotKind.Foreign, GCHandle.ToIntPtr(handle), byteCount, zeroed);
        }
        finally
        {
            if (slot == null)
            {
                handle.Free();
            }
        }

        return slot;
    }

    /// <summary>Resizes the block where it is or elsewhere, new bytes zero; false when memory is exhausted, and then nothing changed.</summary>
    /// <safety>The slot belongs to the caller, and is not a cached one.</safety>
    public static unsafe bool TryResize(Slot* slot, nuint byteCount)
    {
        NativeAllocator allocator = AllocatorOf(slot);
        void* resized = allocator.TryResize(slot->Start, slot->ByteCount, byteCount, AlignmentOf(slot));
        if (resized == null && slot->Kind == SlotKind.Large)
        {
            NativeMemoryCache.Trim();
            resized = allocator.TryResize(slot->Start, slot->ByteCount, byteCount, AlignmentOf(slot));
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
        if (slot->Kind == SlotKind.Foreign)
        {
            GCHandle.FromIntPtr(slot->Allocator).Free();
        }

        allocator.Free(slot->Start, slot->ByteCount, AlignmentOf(slot));
    }

    private static unsafe Slot* TryTake(SlotKind kind, nint allocator, nuint byteCount, bool zeroed)
    {
        Slot* slot = ThreadCache.TryTakeVacant();
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
            slot->Start = (byte*)AllocatorOf(slot).TryAllocate(byteCount, AlignmentOf(slot), zeroed);
        }
        finally
        {
            if (slot->Start == null)
            {
                ThreadCache.ReturnVacant(slot);
            }
        }

        return slot->Start == null ? null : slot;
    }

    /// <summary>The allocator that frees the block of a slot.</summary>
    /// <safety>The slot belongs to the caller, has a block, and is not a cached one.</safety>
    public static unsafe NativeAllocator AllocatorOf(Slot* slot) =>
        slot->Kind == SlotKind.Large ? LargeBlocks : (NativeAllocator)GCHandle.FromIntPtr(slot->Allocator).Target!;

    /// <summary>Large blocks are aligned like cached ones; other allocators are asked for no more than malloc gives.</summary>
    private static unsafe nuint AlignmentOf(Slot* slot) =>
        slot->Kind == SlotKind.Large ? SizeClasses.Smallest : (nuint)Layout.DefaultAlignment;
}
