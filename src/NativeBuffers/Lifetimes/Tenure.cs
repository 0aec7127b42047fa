using System.Runtime.CompilerServices;
using NativeBuffers.Caches;
using NativeBuffers.Raw;

namespace NativeBuffers.Lifetimes;

/// <summary>A hold that lasts through changes: what an owner on the managed heap is made of. For any thread.</summary>
/// <remarks>
/// Slot and guardian stay. Resizing gives the slot another block, and moves the generation on, so that whoever has read
/// some of the old and some of the new notices. This is told the new generation before the slot shows it: so a generation
/// that is over, and is still the one noted here, is over for good.
/// </remarks>
internal struct Tenure
{
    // While the owner is reachable, so is the guardian, and while that is, nobody else gives the block back.
    private readonly Guardian _guardian;
    private readonly unsafe Slot* _slot;
    private ulong _held;
    private long _length;

    /// <param name="hold">Of a block for so many elements; not none.</param>
    /// <param name="length">In elements.</param>
    public Tenure(Hold hold, long length)
    {
        _guardian = hold.Guardian!;
        _held = hold.Held;
        _length = length;
        unsafe
        {
            // SAFETY: kept, not followed.
            _slot = hold.Slot;
        }
    }

    /// <summary>A tenure with room for as many elements as the block has, which <see cref="EnterHere"/> enters.</summary>
    /// <param name="hold">New: nobody else knows it.</param>
    /// <param name="elementSize">In bytes.</param>
    public static Tenure OfList(Hold hold, int elementSize)
    {
        unsafe
        {
            // SAFETY: the caller has just rented the block, and nobody else uses it.
            Slot* slot = hold.Slot;
            if (ThreadCache.IsMine(slot->Home))
            {
                slot->Generation = hold.Held + Closing.Biased;
            }

            return new Tenure(hold, (long)(slot->ByteCount / (nuint)elementSize));
        }
    }

    /// <summary>Whether it was closed, or handed on. Does not wait for a thread that resizes: that goes on.</summary>
    public bool IsOver
    {
        get
        {
            while (true)
            {
                ulong held = Volatile.Read(ref _held);
                ulong state;
                unsafe
                {
                    // SAFETY: slots are never unmapped.
                    state = Volatile.Read(ref _slot->Generation) - held;
                }

                if (state <= Closing.Shared || Closing.IsExclusive(state))
                {
                    return false;
                }

                if (Volatile.Read(ref _held) == held)
                {
                    return true;
                }
            }
        }
    }

    /// <summary>What frees the block.</summary>
    /// <safety>The block is borrowed.</safety>
    public readonly unsafe NativeAllocator Allocator =>
        _slot->Kind == SlotKind.Foreign ? Uncached.AllocatorOf(_slot) : NativeAllocator.Default;

    /// <summary>Where the block is, and how many elements it has; false when this is over.</summary>
    public bool TryRead(out nint start, out long length)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped.
            while (true)
            {
                // They belong together, and to this owner, if its generation is open after they were read.
                ulong held = Volatile.Read(ref _held);
                start = Volatile.Read(ref *(nint*)&_slot->Start);
                length = Volatile.Read(ref _length);
                ulong state = Volatile.Read(ref _slot->Generation) - held;
                if (state <= Closing.Shared)
                {
                    return true;
                }

                if (Closing.IsExclusive(state))
                {
                    Closing.Wait();
                }
                else if (Volatile.Read(ref _held) == held)
                {
                    return false;
                }
            }
        }
    }

    /// <summary>Where the block is.</summary>
    /// <safety>The block is borrowed, or entered.</safety>
    public readonly unsafe void* Start => _slot->Start;

    /// <summary>How many elements there are.</summary>
    /// <safety>The block is borrowed, or entered.</safety>
    public readonly unsafe long BorrowedLength => _length;

    /// <summary>To be called behind each use: as long as this is reachable, so is the guardian.</summary>
    public readonly void KeepAlive() => GC.KeepAlive(_guardian);

    /// <summary>Borrows the block; false when it is being resized, and when this is over: see <see cref="TryBorrowAnew"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBorrow(out BorrowMark mark)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is the one that this owner holds, or held.
            return BorrowMark.TryBegin(_slot, Volatile.Read(ref _held), out mark);
        }
    }

    /// <summary>Borrows the block; false when this is over.</summary>
    public bool TryBorrowAnew(out BorrowMark mark)
    {
        ulong held;
        bool borrowed;
        do
        {
            held = Volatile.Read(ref _held);
            borrowed = TryBorrow(out mark);
        }
        while (!borrowed && Volatile.Read(ref _held) != held);

        return borrowed;
    }

    /// <summary>Pins the block; null when this is over.</summary>
    /// <param name="start">The first element, until the pin ends.</param>
    /// <param name="length">In elements.</param>
    /// <param name="isLast">Whether <see cref="EndLastPin"/> may end it.</param>
    public Pin? TryPin(out nint start, out long length, bool isLast)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped; once pinned, length and address stay.
            ulong held;
            Pin? pin;
            do
            {
                held = Volatile.Read(ref _held);
                pin = Pin.TryBegin(_slot, held);
            }
            while (pin is null && Volatile.Read(ref _held) != held);

            start = (nint)_slot->Start;
            length = _length;
            if (pin is not null && isLast)
            {
                _guardian.Remember(pin);
            }

            return pin;
        }
    }

    /// <summary>Ends the last pin that still goes on, if any.</summary>
    public void EndLastPin() => _guardian?.EndLastPin(Volatile.Read(ref _held));

    /// <summary>
    /// Uses the block for a moment without a note that others could see, if so far only this thread has used it: null if not
    /// so, or if this is over. Ends with <see cref="LeaveHere"/>, and before anything that is not the caller's own code.
    /// </summary>
    /// <remarks>
    /// Half the price of a borrow. Others who want in, or want to end it, move the state on, and wait behind a barrier until
    /// this thread is not inside: as with <see cref="Closing.TryCloseHere"/>. The order of the reads matters: the generation
    /// is told to this before the slot shows it, and the home changes before either, so a home that was read after the
    /// generation is that generation's, if the slot still shows that.
    /// </remarks>
    /// <safety>The block is used before <see cref="LeaveHere"/> only.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe Magazine* EnterHere()
    {
        ulong held = Volatile.Read(ref _held);
        Magazine* home = (Magazine*)Volatile.Read(ref *(nint*)&_slot->Home);
        if (ThreadCache.IsMine(home))
        {
            Volatile.Write(ref home->Inside, 1);
            if (Volatile.Read(ref _slot->Generation) == held + Closing.Biased)
            {
                return home;
            }

            Volatile.Write(ref home->Inside, 0);
        }

        return null;
    }

    /// <summary>Ends what <see cref="EnterHere"/> began.</summary>
    /// <safety>The home is what that returned, on this thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void LeaveHere(Magazine* home) => Volatile.Write(ref home->Inside, 0);

    /// <summary>Makes room for another number of elements, of which the first ones are in use; false when this is over.</summary>
    /// <param name="capacity">In elements; more if the block has room for more, or if more are in use.</param>
    /// <param name="count">How many are in use: read when nobody else is in. Those behind them are neither kept nor zero.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity cannot be one.</exception>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; nothing has changed.</exception>
    public bool TryReserve(long capacity, ref long count, int elementSize)
    {
        _ = Layout.ByteCount(capacity, elementSize);
        if (!TryEnterExclusive(out ulong held))
        {
            return false;
        }

        long used = Volatile.Read(ref count);
        Change(held, long.Max(capacity, used), used, elementSize, isList: true);
        return true;
    }

    /// <summary>Hands the elements that are in use to another owner, in a block of their size; false when this is over.</summary>
    /// <inheritdoc cref="TryReserve" path="/exception"/>
    public bool TryHandOver(ref long count, int elementSize, out Tenure moved)
    {
        moved = this;
        if (!TryEnterExclusive(out ulong held))
        {
            return false;
        }

        ulong next = Slot.With(held, SlotState.Shared);
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to change and to hand on.
            try
            {
                moved = this;
                moved._length = Volatile.Read(ref count);
                if (_slot->Kind != SlotKind.Cached)
                {
                    // Whoever releases the block frees it by its length.
                    nuint usedBytes = Layout.ByteCount(moved._length, elementSize);
                    Relocation.Resize(_slot, usedBytes, usedBytes, zeroed: false);
                }

                next = moved._held = Slot.With(Slot.After(held), SlotState.Held);
            }
            finally
            {
                Volatile.Write(ref _slot->Generation, next);
            }
        }

        return true;
    }

    /// <summary>Gives the block another size; false when this is over.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length cannot be one.</exception>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; nothing has changed.</exception>
    public bool TryResize(long length, int elementSize)
    {
        _ = Layout.ByteCount(length, elementSize);
        if (!TryEnterExclusive(out ulong held))
        {
            return false;
        }

        Change(held, length, _length, elementSize, isList: false);
        return true;
    }

    /// <summary>Hands everything to another owner; false when this is over.</summary>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    public bool TryMove(out Tenure moved)
    {
        moved = this;
        if (!TryEnterExclusive(out ulong held))
        {
            return false;
        }

        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to hand on.
            moved = this;
            moved._held = Slot.With(Slot.After(held), SlotState.Held);
            Volatile.Write(ref _slot->Generation, moved._held);
        }

        return true;
    }

    /// <summary>Takes the block out; false when this is over.</summary>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <safety>The block belongs to the caller.</safety>
    public unsafe bool TryRelease(out void* block)
    {
        bool isOpen = TryEnterExclusive(out _);
        block = isOpen ? Uncached.Detach(_slot) : null;
        return isOpen;
    }

    /// <summary>Lets nobody in any more, and gives the block back: now, or when its last use ends. Once only.</summary>
    public void Close()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is the one that this owner holds, or held.
            if (_slot == null)
            {
                // No constructor has seen the owner.
                return;
            }

            ulong held = Volatile.Read(ref _held);
            if (Volatile.Read(ref _slot->Generation) == held + Closing.Biased && Closing.TryCloseHere(_slot, held))
            {
                return;
            }

            while (!Closing.Close(_slot, held) && Volatile.Read(ref _held) != held)
            {
                held = Volatile.Read(ref _held);
            }
        }
    }

    /// <summary>Gives the block another size, and begins another generation. The caller keeps everybody else out.</summary>
    private void Change(ulong held, long length, long kept, int elementSize, bool isList)
    {
        ulong next = Slot.With(held, SlotState.Shared);
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to change, and has at least as many elements as are kept.
            try
            {
                nuint newBytes = Layout.ByteCount(length, elementSize);
                Relocation.Resize(_slot, Layout.ByteCount(kept, elementSize), newBytes, zeroed: !isList, trims: isList);
                next = Slot.With(Slot.After(held), isList && ThreadCache.IsMine(_slot->Home) ? SlotState.Biased : SlotState.Held);
                Volatile.Write(ref _length, isList ? (long)(_slot->ByteCount / (nuint)elementSize) : length);
                Volatile.Write(ref _held, Slot.With(next, SlotState.Held));
            }
            finally
            {
                Volatile.Write(ref _slot->Generation, next);
            }
        }
    }

    /// <summary>Keeps everybody else out, until the slot's generation is written.</summary>
    private unsafe bool TryEnterExclusive(out ulong held)
    {
        bool isOpen;
        bool isUsed;
        do
        {
            held = Volatile.Read(ref _held);
            isOpen = Closing.TryEnterExclusive(_slot, held, out isUsed);
        }
        while (!isOpen && Volatile.Read(ref _held) != held);

        return isUsed ? throw Failure.InUse() : isOpen;
    }
}
