using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of blocks that no cache keeps: instrumented and adopted ones, and those of allocators that the caller chose.</summary>
internal static class Uncached
{
    /// <summary>The most slots that a thread keeps for blocks of chosen allocators.</summary>
    private const int MostKept = 16;

    /// <summary>
    /// A slot with a block of <paramref name="allocator"/>, or of its wrapper in this process or flow; null if memory is exhausted.
    /// </summary>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTakeFrom(NativeAllocator allocator, nuint byteCount, bool zeroed)
    {
        allocator = AllocatorHooks.Instrument(allocator);

        // The slot comes first: once there is a block, nothing more may fail.
        Slot* slot = TryTakeSlot(allocator);
        if (slot == null)
        {
            AllocationSite.Forget();
            return null;
        }

        // The program's own allocator may throw: the slot must not be lost then.
        bool isFilled = false;
        try
        {
            Layout.ThrowIfTooLarge(byteCount);
            slot->ByteCount = byteCount;
            slot->Start = (byte*)allocator.ObtainForOwner(byteCount, zeroed);
            isFilled = slot->Start != null;
        }
        finally
        {
            if (!isFilled)
            {
                GiveSlot(ThreadCache.Of(slot->Home), slot, allocator);
            }

            AllocationSite.Forget();
        }

        return isFilled ? slot : null;
    }

    /// <summary>Takes a slot that this thread has kept, with a block; null if there is none, or if an allocation site must be noted.</summary>
    /// <remarks>
    /// The short path of scoped buffers. It has few arguments, because the caller of a call into C must keep them. A thread that works for
    /// an instrumented flow keeps no slots.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* TryTakeKept(NativeAllocator allocator, int length, int elementSize, bool zeroed)
    {
        ThreadCache* cache = InstrumentationSwitch.IsOn || allocator.Layers.ReadSite ? null : ThreadCache.WithKept();
        if (cache == null)
        {
            return null;
        }

        // The block comes first, because the allocator may throw, or may use buffers: no slot can be lost yet.
        nuint byteCount = Layout.ByteCount(length, elementSize);
        void* block = allocator.ObtainForOwner(byteCount, zeroed);
        if (block == null)
        {
            throw allocator.RefusalOf(byteCount);
        }

        Slot* slot = cache->Kept;
        if (slot == null)
        {
            return TakeSlotFor(allocator, block, byteCount);
        }

        cache->Kept = slot->Next;
        cache->KeptCount--;
        AllocatorReference.Of(slot).Allocator = allocator;
        slot->Home = &cache->Closed;
        slot->ByteCount = byteCount;
        slot->Start = (byte*)block;
        return slot;
    }

    /// <summary>A slot with a block that other code has allocated; null if memory is exhausted.</summary>
    /// <safety>
    /// The block is the caller's to give up, has this size, and <paramref name="freedBy"/> can free it. The slot belongs to the caller.
    /// </safety>
    public static unsafe Slot* TryAdopt(void* start, nuint byteCount, NativeAllocator freedBy)
    {
        NativeAllocator allocator = AllocatorHooks.InstrumentAdopted(freedBy);
        Slot* slot = TryTakeSlot(allocator);
        if (slot == null)
        {
            AllocationSite.Forget();
            return null;
        }

        // The block may be a bare one that an instrumented flow knows, while this thread does not work for the flow.
        AllocatorHooks.NoteBareFree(allocator, (nint)start);
        allocator.Adopt(start, byteCount);
        AllocationSite.Forget();
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

            AllocatorReference.Free(allocator, slot->Allocator);
        }

        if (slot->Kind == SlotKind.Charged)
        {
            ChargedPath.NoteEnd(slot, (NativeMemoryBudget)AllocatorOf(slot));
        }

        PoolHeap? heap = slot->Kind == SlotKind.Pooled ? PoolHeaps.Of(slot) : null;
        if (ThreadCache.IsHere(slot->Home, out _))
        {
            slot->Generation = slot->Generation.Next;
            if (heap is not null)
            {
                PoolFreePath.Vacate(heap, slot);
                return block;
            }

            FreePath.ReturnVacant(slot);
        }
        else
        {
            Vacate(slot);
            heap?.RemoveSlots(1);
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
                BlockSource.Free(slot->Start, SizeClasses.Of(slot->ByteCount));
                return;
            case SlotKind.Large:
                PageSource.FreeBlock(slot->Start, slot->ByteCount);
                return;
        }

        NativeAllocator allocator = AllocatorOf(slot);
        if (slot->Kind == SlotKind.Foreign)
        {
            AllocatorReference.Free(allocator, slot->Allocator);
        }

        allocator.FreeOfOwner(slot->Start, slot->ByteCount, allocator.BlockAlignment);
        if (slot->Kind == SlotKind.Charged)
        {
            ChargedPath.NoteEnd(slot, (NativeMemoryBudget)allocator);
        }

        if (allocator.Layers.ReadSite)
        {
            AllocationSite.Forget();
        }
    }

    /// <summary>Frees the block of a foreign slot on the thread of its home, which keeps the slot for its next block.</summary>
    /// <remarks>Its calls are the last thing it does, so the JIT saves no registers for them. Not inlined, and so no call into C is, either.</remarks>
    /// <safety>The slot belongs to the caller and has a block, and its home belongs to this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void FreeHere(Slot* slot)
    {
        AllocatorReference reference = AllocatorReference.Of(slot);
        NativeAllocator allocator = reference.Allocator!;
        ThreadCache* cache = ThreadCache.Of(slot->Home);
        if (cache->KeptCount >= MostKept || cache->IsAside || allocator.Layers.ReadSite || AllocatorReference.IsShared(allocator, slot->Allocator))
        {
            FreeHereSlow(cache, slot, allocator);
            return;
        }

        // The slot goes first, because the program's own allocator may throw, or may use buffers.
        void* block = slot->Start;
        nuint byteCount = slot->ByteCount;
        Keep(cache, slot, reference);
        allocator.FreeOfOwner(block, byteCount, allocator.BlockAlignment);
    }

    /// <summary>Gives up the slots that a thread has kept.</summary>
    /// <safety>The cache belongs to this thread, or to one that has ended.</safety>
    public static unsafe void ForgetKept(ThreadCache* cache)
    {
        for (Slot* slot = cache->Kept; slot != null; slot = cache->Kept)
        {
            cache->Kept = slot->Next;
            cache->KeptCount--;
            AllocatorReference.Free(slot->Allocator);
            slot->Home = &cache->Closed;
            FreePath.ReturnVacant(slot);
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
    /// <safety>The slot belongs to the caller, and its block is neither cached nor large.</safety>
    public static unsafe NativeAllocator AllocatorOf(Slot* slot) => slot->Kind switch
    {
        SlotKind.Pooled => PoolHeaps.Of(slot).Allocator,
        SlotKind.Charged => BudgetNumbers.Of(SlotTable.ChargedTo(slot))!,
        _ => AllocatorReference.Of(slot).Allocator!,
    };

    /// <summary>The pinned array that the block of a slot is a part of; null if there is none.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="isOwn">Whether no other owner gets the memory afterwards, so that the array may be used at any time.</param>
    /// <safety>The block is borrowed or pinned.</safety>
    public static unsafe Array? ArrayOf(Slot* slot, out bool isOwn)
    {
        isOwn = false;
        if (slot->Kind is not (SlotKind.Foreign or SlotKind.Pooled))
        {
            return null;
        }

        NativeAllocator allocator = AllocatorOf(slot);
        isOwn = allocator.OutlivesOwners;
        return allocator.HasArrays ? allocator.ArrayOf(slot->Start) : null;
    }

    /// <summary>Gives a slot without a block to the table, on a thread that its home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, and has a home.</safety>
    private static unsafe void Vacate(Slot* slot)
    {
        slot->Start = null;
        LeavePath.LeaveHome(slot);
        AllocationCounts.SettleElsewhere(slot);
        Slot* vacant = null;
        SlotTable.Link(ref vacant, slot);
        SlotTable.GiveList(vacant);
    }

    /// <summary>A slot without a block, which names the allocator; null if memory is exhausted.</summary>
    /// <safety>The slot belongs to the caller, on this thread.</safety>
    private static unsafe Slot* TryTakeSlot(NativeAllocator allocator)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        Slot* slot = cache->Kept;
        if (slot != null)
        {
            cache->Kept = slot->Next;
            cache->KeptCount--;
            AllocatorReference.Of(slot).Allocator = allocator;
            slot->Home = &cache->Closed;
            return slot;
        }

        if (!AllocatorReference.TryMake(allocator, out nint handle))
        {
            return null;
        }

        slot = AllocatePath.TakeVacant(cache, &cache->Closed);
        if (slot == null)
        {
            AllocatorReference.Free(allocator, handle);
            return null;
        }

        slot->Kind = SlotKind.Foreign;
        slot->Allocator = handle;
        return slot;
    }

    /// <summary>A slot for a block, which is freed if memory is exhausted.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <safety>The block is the allocator's, and the caller's to give up. The slot belongs to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* TakeSlotFor(NativeAllocator allocator, void* block, nuint byteCount)
    {
        Slot* slot = TryTakeSlot(allocator);
        if (slot == null)
        {
            allocator.FreeOfOwner(block, byteCount, allocator.BlockAlignment);
            throw allocator.RefusalOf(byteCount);
        }

        slot->ByteCount = byteCount;
        slot->Start = (byte*)block;
        return slot;
    }

    /// <summary>Keeps a slot without a block for the next block of this thread, or makes the slot vacant.</summary>
    /// <remarks>A slot with the shared reference of its allocator gets one of its own if the thread has kept no slot yet.</remarks>
    /// <safety>The cache is this thread's, and the slot's home. The slot belongs to the caller, and names the allocator.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void GiveSlot(ThreadCache* cache, Slot* slot, NativeAllocator allocator)
    {
        bool isShared = AllocatorReference.IsShared(allocator, slot->Allocator);
        bool canKeep = !cache->IsAside && cache->KeptCount < (isShared ? 1 : MostKept);
        if (canKeep && isShared)
        {
            canKeep = AllocatorReference.TryMakeOwn(allocator, out nint handle);
            slot->Allocator = canKeep ? handle : slot->Allocator;
        }

        if (canKeep)
        {
            Keep(cache, slot, AllocatorReference.Of(slot));
        }
        else
        {
            AllocatorReference.Free(allocator, slot->Allocator);
            FreePath.ReturnVacant(slot);
        }
    }

    /// <inheritdoc cref="FreeHere" path="/summary"/>
    /// <safety>The cache is this thread's, and the slot's home. The slot belongs to the caller and has a block.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void FreeHereSlow(ThreadCache* cache, Slot* slot, NativeAllocator allocator)
    {
        void* block = slot->Start;
        nuint byteCount = slot->ByteCount;
        GiveSlot(cache, slot, allocator);
        allocator.FreeOfOwner(block, byteCount, allocator.BlockAlignment);
        if (allocator.Layers.ReadSite)
        {
            AllocationSite.Forget();
        }
    }

    /// <safety>The cache is this thread's. The slot belongs to the caller, and has a reference of its own.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Keep(ThreadCache* cache, Slot* slot, AllocatorReference reference)
    {
        reference.Allocator = null;
        slot->Home = null;
        slot->Start = null;
        slot->Next = cache->Kept;
        cache->Kept = slot;
        cache->KeptCount++;
    }
}
