using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The slots whose blocks no cache keeps: those of a chosen or instrumented allocator.</summary>
internal static class Uncached
{
    /// <summary>
    /// A slot with a block of <paramref name="allocator"/>, or of its wrapper in this process or flow; null if memory is exhausted.
    /// </summary>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTakeFrom(NativeAllocator allocator, nuint byteCount, bool zeroed)
    {
        allocator = AllocatorHooks.Instrument(allocator);

        // The handle comes first: once there is a block, nothing more may fail.
        nint handle = 0;
        Slot* slot = null;
        try
        {
            if (!TryRefer(allocator, out handle))
            {
                return null;
            }

            slot = TryTake(handle, byteCount, zeroed);
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

    /// <summary>A slot with a block that other code has allocated; null if memory is exhausted.</summary>
    /// <safety>
    /// The block is the caller's to give up, has this size, and <paramref name="freedBy"/> can free it. The slot belongs to the caller.
    /// </safety>
    public static unsafe Slot* TryAdopt(void* start, nuint byteCount, NativeAllocator freedBy)
    {
        NativeAllocator allocator = AllocatorHooks.InstrumentAdopted(freedBy);
        if (!TryRefer(allocator, out nint handle))
        {
            return null;
        }

        Slot* slot = AllocatePath.TryTakeVacant();
        if (slot == null)
        {
            Unrefer(allocator, handle);
            AllocationSite.Forget();
            return null;
        }

        // The block may be a bare one that an instrumented flow knows, while this thread does not work for the flow.
        AllocatorHooks.NoteBareFree(allocator, (nint)start);
        allocator.Adopt(start, byteCount);
        AllocationSite.Forget();
        slot->Kind = SlotKind.Foreign;
        slot->Allocator = handle;
        slot->ByteCount = byteCount;
        slot->Start = (byte*)start;
        return slot;
    }

    /// <summary>Takes the block out of a slot, which becomes vacant.</summary>
    /// <safety>The caller has the slot in the state exclusive. The block belongs to the caller now.</safety>
    public static unsafe void* Detach(Slot* slot)
    {
        void* block = slot->Start;
        if (slot->Kind == SlotKind.Foreign)
        {
            NativeAllocator allocator = AllocatorOf(slot);
            block = allocator.Release(block, slot->ByteCount, allocator.BlockAlignment);
            if (block == null)
            {
                throw allocator.RefusalOf(slot->ByteCount);
            }

            Unrefer(allocator, slot->Allocator);
        }

        if (ThreadCache.IsHere(slot->Home, out _))
        {
            slot->Generation = slot->Generation.Next;
            FreePath.ReturnVacant(slot);
        }
        else
        {
            Vacate(slot);
        }

        return block;
    }

    /// <summary>Asks the block's allocator for another size; null if memory is exhausted, and then nothing has changed.</summary>
    /// <returns>The block at its new place, which the slot does not know yet.</returns>
    /// <safety>The slot belongs to the caller, and blocks of the new size are the same allocator's.</safety>
    public static unsafe void* TryResize(Slot* slot, nuint byteCount, bool zeroed)
    {
        NativeAllocator allocator = AllocatorOf(slot);
        return allocator.TryResize(slot->Start, slot->ByteCount, byteCount, allocator.BlockAlignment, zeroed);
    }

    /// <summary>Frees the block of a slot of any kind. The caller makes the slot vacant.</summary>
    /// <safety>The slot belongs to the caller and has a block.</safety>
    public static unsafe void Free(Slot* slot)
    {
        switch (slot->Kind)
        {
            case SlotKind.Cached:
                BlockSource.Free(slot->Start);
                return;
            case SlotKind.Large:
                LargePath.FreeBlock(slot->Start, slot->ByteCount);
                return;
        }

        NativeAllocator allocator = AllocatorOf(slot);
        Unrefer(allocator, slot->Allocator);
        allocator.FreeOfOwner(slot->Start, slot->ByteCount, allocator.BlockAlignment);
        if (allocator.Layers.ReadSite)
        {
            AllocationSite.Forget();
        }
    }

    /// <summary>Frees a closing slot's block on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, and its block is of the kind foreign.</safety>
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

    /// <summary>The allocator that frees the block of a slot.</summary>
    /// <safety>The slot belongs to the caller, and its block is of the kind foreign.</safety>
    public static unsafe NativeAllocator AllocatorOf(Slot* slot) => (NativeAllocator)GCHandle.FromIntPtr(slot->Allocator).Target!;

    /// <summary>A handle to an allocator that lives forever, for all slots. It is made at the first use.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static nint HandleOf(NativeAllocator allocator)
    {
        if (allocator.PermanentHandle == 0)
        {
            FailPoint.ThrowIfRefused();
            GCHandle made = GCHandle.Alloc(allocator);
            if (Interlocked.CompareExchange(ref allocator.PermanentHandle, GCHandle.ToIntPtr(made), 0) != 0)
            {
                made.Free();
            }
        }

        return allocator.PermanentHandle;
    }

    /// <summary>Gives a slot without a block to the table, on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, and has a home.</safety>
    private static unsafe void Vacate(Slot* slot)
    {
        slot->Start = null;
        FreePath.LeaveHome(slot);
        AllocationCounts.SettleElsewhere(slot);
        Slot* vacant = null;
        SlotTable.Link(ref vacant, slot);
        SlotTable.GiveList(vacant);
    }

    /// <inheritdoc cref="TryTakeFrom" path="/safety"/>
    private static unsafe Slot* TryTake(nint handle, nuint byteCount, bool zeroed)
    {
        Slot* slot = AllocatePath.TryTakeVacant();
        if (slot == null)
        {
            return null;
        }

        // The program's own allocator may throw: the slot must not be lost then.
        try
        {
            slot->Kind = SlotKind.Foreign;
            slot->Allocator = handle;
            slot->ByteCount = byteCount;
            NativeAllocator allocator = AllocatorOf(slot);
            slot->Start = (byte*)allocator.Obtain(byteCount, allocator.BlockAlignment, zeroed);
        }
        finally
        {
            if (slot->Start == null)
            {
                FreePath.ReturnVacant(slot);
            }
        }

        return slot->Start == null ? null : slot;
    }

    /// <summary>A handle that keeps the allocator alive as long as a slot has it; false if memory is exhausted.</summary>
    private static bool TryRefer(NativeAllocator allocator, out nint handle)
    {
        try
        {
            if (allocator.LivesForever)
            {
                handle = HandleOf(allocator);
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

    /// <summary>Frees a handle of <see cref="TryRefer"/>, if it was made for one slot.</summary>
    private static void Unrefer(NativeAllocator allocator, nint handle)
    {
        if (!allocator.LivesForever && handle != 0)
        {
            GCHandle.FromIntPtr(handle).Free();
        }
    }
}
