using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>An owner's state through several blocks: every owner that is an object has one. For any thread.</summary>
/// <remarks>
/// <para>Slot and cleaner stay. A resize gives the slot another block and moves its generation on. So a thread that has read a mix of old
/// and new values notices it. The new generation is stored here before the slot shows it. So a generation that is over, and is still
/// the one stored here, is over for good.</para>
/// <para><see cref="ExclusiveUse"/> has the members that change the block or its owner.</para>
/// </remarks>
internal struct OwnedBlock
{
    /// <summary>The marks: the allocator takes blocks from arrays; a <see cref="Memory{T}"/> was given out.</summary>
    public const int OverArrays = 1, GaveMemory = 2;

    // The cleaner, or extras with the cleaner: keeps it reachable, so that its finalizer does not give the block back. Null if the owner has a
    // finalizer itself, and no extras. Null after the end: otherwise this owner would keep the finalizer from the slot's next owner, too. If the
    // block was in use at the end, it stays, because the extras have the pins.
    private object? _keeper;

    // The slot, and in the lowest bits, which are 0 in its address, the marks of the owner. Only marks are added later, so a plain store adds one.
    private nint _slotAndMarks;
    private Generation _opened;
    private long _length;

    /// <param name="handle">The handle of the block; not none.</param>
    /// <param name="length">In elements, for which the block has room.</param>
    /// <param name="isOverArrays">Whether the allocator takes blocks from arrays.</param>
    public OwnedBlock(SharedHandle handle, long length, bool isOverArrays = false)
    {
        _keeper = handle.Cleaner;
        _opened = handle.Opened;
        _length = length;
        unsafe
        {
            // SAFETY: the pointer is stored, not followed.
            _slotAndMarks = (nint)handle.Slot | (isOverArrays ? OverArrays : 0);
        }
    }

    /// <summary>Whether the block was closed, or moved to another owner. Does not wait for a thread that resizes.</summary>
    public bool IsOver
    {
        get
        {
            while (true)
            {
                Generation opened = Opened;
                unsafe
                {
                    // SAFETY: slots are never unmapped, so the generation may be read at any time.
                    Generation now = Slot->ReadGeneration();
                    if (now.Is(SlotState.Exclusive, opened) ? CloseProtocol.IsOpenWhileExclusive(Slot, opened) : !now.IsOverFor(opened))
                    {
                        return false;
                    }
                }

                if (Opened == opened)
                {
                    return true;
                }
            }
        }
    }

    /// <summary>The number of elements; 0 after the end. During a resize this is the old number, without a wait.</summary>
    public long LengthOrNone
    {
        get
        {
            long length = Volatile.Read(ref _length);
            return IsOver ? 0 : length;
        }
    }

    /// <summary>The allocator that frees the block after the owner has released it: the chosen one, without wrappers of the process or flow.</summary>
    /// <safety>The block is borrowed.</safety>
    public readonly unsafe NativeAllocator Allocator =>
        Slot->Kind is SlotKind.Foreign or SlotKind.Pooled or SlotKind.Charged
            && Uncached.AllocatorOf(Slot).Requested is var chosen && !chosen.IsDefault
            ? chosen
            : NativeAllocator.Default;

    /// <summary>The slot of the block.</summary>
    /// <safety>The slot is never unmapped. Compare its generation before anything else.</safety>
    public readonly unsafe Slot* Slot => (Slot*)(_slotAndMarks & -sizeof(Slot));

    /// <summary>The cleaner of the slot. Null if the owner has a finalizer itself; perhaps null after the end.</summary>
    public readonly Cleaner? Cleaner => _keeper is Cleaner cleaner ? cleaner : Extras?.Cleaner;

    /// <summary>The parts that only some owners need; null if this has needed none, and after the end.</summary>
    public readonly OwnedExtras? Extras => Volatile.Read(in _keeper) as OwnedExtras;

    /// <summary>The last generation of this owner, in the state <see cref="SlotState.Open"/>.</summary>
    public Generation Opened => new(Volatile.Read(in _opened.Value));

    /// <summary>The address of the block.</summary>
    /// <safety>The block is borrowed or pinned.</safety>
    public readonly unsafe void* Start => Slot->Start;

    /// <summary>The number of elements.</summary>
    /// <inheritdoc cref="Start" path="/safety"/>
    public readonly unsafe long BorrowedLength => _length;

    /// <summary>Makes an owned block with as many elements as the block has room for, which this thread goes on to use.</summary>
    /// <param name="place">The place of a new owned block. Other threads may look at it: it has a block as soon as they see the generation.</param>
    /// <param name="handle">A new handle, which no other thread knows.</param>
    /// <param name="elementSize">In bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void BeginIn(ref OwnedBlock place, SharedHandle handle, int elementSize)
    {
        unsafe
        {
            // SAFETY: the caller has just opened the block, so no other thread uses the slot.
            Slot* slot = handle.Slot;
            slot->Generation = handle.Opened.With(ExclusiveUse.StateHere(slot));
            place._keeper = handle.Cleaner;
            place._slotAndMarks = (nint)slot;
            place._length = (long)(slot->ByteCount / (nuint)elementSize);
            Volatile.Write(ref place._opened.Value, handle.Opened.Value);
        }
    }

    /// <summary>Whether no block was given to this yet.</summary>
    public readonly bool IsNone => Volatile.Read(in _opened.Value) == 0;

    /// <summary>Lets the cleaner close the block of this owner by itself again.</summary>
    public readonly void DropOwner(ICleanedOwner owner) => Cleaner?.DropOwner(owner);

    /// <summary>Keeps the cleaner alive, and the object that has this: call it after each use of the block.</summary>
    public readonly void KeepAlive() => GC.KeepAlive(_keeper);

    /// <summary>Reads address and length, which belong together; false after the end.</summary>
    /// <exception cref="InvalidOperationException">This thread is resizing the block.</exception>
    public bool TryRead(out nint start, out long length)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. The address is read, not followed.
            Slot* slot = Slot;
            Backoff backoff = default;
            while (true)
            {
                // They belong together, and to this owner, if the generation is open after they were read.
                Generation opened = Opened;
                start = Volatile.Read(ref *(nint*)&slot->Start);
                length = Volatile.Read(ref _length);
                Generation now = slot->ReadGeneration();
                if (now.IsOpenFor(opened))
                {
                    return true;
                }

                if (now.IsExclusiveFor(opened))
                {
                    CloseProtocol.Wait(slot, ref backoff);
                }
                else if (Opened == opened)
                {
                    return false;
                }
            }
        }
    }

    /// <summary>Borrows the block; false after the end, and after a resize that began in between: then try <see cref="TryBorrowSlow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBorrow(out BorrowHandle handle)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is or was this owner's.
            return BorrowHandle.TryBegin(Slot, Opened, out handle);
        }
    }

    /// <summary><see cref="TryBorrow"/> for one call of C, whose code needs all registers that survive calls; null for false.</summary>
    /// <remarks>The thread's records come first: slot and generation need no register during the call that finds the records (0.3 ns).</remarks>
    /// <safety>Slots are never unmapped, and the generation is or was this owner's. The caller ends the borrow once, on this thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe BorrowRecords.Record* BorrowForCall()
    {
        BorrowRecords.Record* record = BorrowRecords.Hot(ThreadCache.Records(out Bin* bins));
        return BorrowHandle.BeginUncopied(bins, record, Slot, Opened);
    }

    /// <summary>Borrows the block; false after the end.</summary>
    public bool TryBorrowSlow(out BorrowHandle handle)
    {
        Generation opened;
        bool borrowed;
        do
        {
            opened = Opened;
            borrowed = TryBorrow(out handle);
        }
        while (!borrowed && Opened != opened);

        return borrowed;
    }

    /// <summary>The handle of the block in this generation, for a value to store.</summary>
    /// <safety>Slots are never unmapped.</safety>
    public readonly unsafe SharedHandle AsHandle() => new(Cleaner, Slot, _opened, Slot->Home);

    /// <summary>Excludes the other threads until <see cref="EndExclusive"/>; the generation stays. False after the end.</summary>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    public bool TryEnterExclusive()
    {
        Generation opened;
        bool isOpen;
        bool isUsed;
        do
        {
            opened = Opened;
            unsafe
            {
                // SAFETY: slots are never unmapped, and the generation is or was this owner's.
                isOpen = CloseProtocol.TryEnterExclusive(Slot, opened, out isUsed);
            }
        }
        while (!isOpen && Opened != opened);

        return isUsed ? throw ThrowHelper.InUse() : isOpen;
    }

    /// <summary>Lets the other threads enter again.</summary>
    public void EndExclusive()
    {
        unsafe
        {
            // SAFETY: this thread excludes all other threads, so the slot is this owner's to open again.
            CloseProtocol.EndExclusive(Slot, Opened);
        }
    }

    /// <summary>Ends the ownership, and gives the block back: now, or when its last use ends. A second call does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Close()
    {
        if (_slotAndMarks == 0)
        {
            // The owner's constructor has not run.
            return;
        }

        Generation opened;
        do
        {
            opened = Opened;
        }
        while (!TryClose(opened) && Opened != opened);
    }

    /// <summary>Gives the block back on its home's thread, without an atomic operation; false if that is not possible.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryCloseHere(Generation opened)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is or was this owner's. Only after the close is the keeper let go.
            return CloseProtocol.TryCloseHere(Slot, opened) && (_keeper = null) is null;
        }
    }

    /// <summary>Ends one generation of the owner; false if it was over. See <see cref="Close"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryClose(Generation opened)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is or was this owner's.
            return (Slot->ReadGeneration().Is(SlotState.Biased, opened) && TryCloseHere(opened)) || TryCloseSlow(opened);
        }
    }

    /// <summary>Lets the other threads enter again, in a new generation with another length.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="state">Open, or biased if the slot's home is this thread's.</param>
    /// <param name="closes">Whether to close the owner instead: <see cref="ExclusiveUse"/> has found that a thread asked for it.</param>
    /// <returns>False if the owner was closed.</returns>
    public bool Reopen(long length, SlotState state, bool closes)
    {
        if (closes)
        {
            // A thread that reads the new address or length looks at the generation afterwards, which is closed then.
            CloseExclusive();
            return false;
        }

        Generation opened = _opened.Next.With(SlotState.Open);
        Volatile.Write(ref _length, length);
        Volatile.Write(ref _opened.Value, opened.Value);
        unsafe
        {
            // SAFETY: this thread excludes all other threads, so the slot is this owner's to open again.
            AllocationCounts.Renumber(Slot);
            Slot->WriteGeneration(opened.With(state));
        }

        return true;
    }

    /// <summary>Closes the block at once: a thread whose <c>Dispose</c> has returned must never find it open.</summary>
    public void CloseExclusive()
    {
        unsafe
        {
            // SAFETY: this thread excludes all other threads, so the block has no user, and the home stays. The slot is never unmapped.
            Generation closing = _opened.With(SlotState.Closing);
            Bin* home = Slot->Home;
            _keeper = null;
            Slot->WriteGeneration(closing);
            FreePath.ReturnClosed(Slot, closing, home);
        }
    }

    /// <summary>Moves the block to a new owner of elements that it has room for. This owner's block is over then.</summary>
    public OwnedBlock Moved(long length, SlotState state = SlotState.Open)
    {
        OwnedBlock moved = this;
        moved._length = length;
        moved._opened = _opened.Next.With(SlotState.Open);
        unsafe
        {
            // SAFETY: this thread excludes all other threads, so the slot is this owner's until its generation is written. Slots are never unmapped.
            AllocationCounts.Renumber(Slot);
            Slot->WriteGeneration(moved._opened.With(state));
        }

        // The extras stay with this owner: no pin goes on, and the new owner begins with this length.
        moved._slotAndMarks &= ~GaveMemory;
        moved._keeper = Cleaner;
        _keeper = null;
        return moved;
    }

    /// <summary>Whether the owner has a mark.</summary>
    public readonly bool IsMarked(int mark) => (Volatile.Read(in _slotAndMarks) & mark) != 0;

    /// <summary>Adds a mark to the owner, for good.</summary>
    public void Mark(int mark) => Volatile.Write(ref _slotAndMarks, _slotAndMarks | (nint)mark);

    /// <summary>Refers to the cleaner of the slot from now on; to none if the block is no longer this owner's.</summary>
    /// <remarks>For a thread that excludes the other threads. No pin goes on, so no extras are needed.</remarks>
    public void Keep(Cleaner? cleaner) => _keeper = cleaner;

    /// <summary>The extras, made if need be.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public OwnedExtras MakeExtras()
    {
        object? keeper = Volatile.Read(ref _keeper);
        while (true)
        {
            if (keeper is OwnedExtras extras)
            {
                return extras;
            }

            FailPoint.ThrowIfRefused();
            extras = new OwnedExtras(keeper as Cleaner);
            object? before = Interlocked.CompareExchange(ref _keeper, extras, keeper);
            if (before == keeper)
            {
                return extras;
            }

            keeper = before;
        }
    }

    /// <safety>The slot is not null.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe bool TryCloseSlow(Generation opened)
    {
        bool isLeftToResizer = false;
        bool isClosed = FreePath.TryReturnElsewhere(Slot, opened, isRented: false) || CloseProtocol.Close(Slot, opened, out isLeftToResizer);

        // The closing thread knows whether there are pins, which the extras remember.
        if (isClosed && !isLeftToResizer && Slot->ReadGeneration() != opened.With(SlotState.ClosePending))
        {
            _keeper = null;
        }

        return isClosed;
    }
}
