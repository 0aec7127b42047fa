using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>A hold that lasts through changes: what an owner on the managed heap is made of. For any thread.</summary>
/// <remarks>
/// Slot and cleaner stay. Resizing gives the slot another block, and moves the generation on, so that whoever has read
/// some of the old and some of the new notices. This is told the new generation before the slot shows it: so a generation
/// that is over, and is still the one noted here, is over for good.
/// </remarks>
internal struct OwnedBlock
{
    // While the owner is reachable, so is the cleaner, and while that is, nobody else gives the block back. Null once this is
    // over, unless it was in use then: the slot's next holder may be forgotten, although somebody still refers to this one.
    private Cleaner? _cleaner;
    private readonly unsafe Slot* _slot;
    private Generation _opened;
    private long _length;

    /// <param name="hold">Of a block for so many elements; not none.</param>
    /// <param name="length">In elements.</param>
    public OwnedBlock(Hold hold, long length)
    {
        _cleaner = hold.Cleaner!;
        _opened = hold.Opened;
        _length = length;
        unsafe
        {
            // SAFETY: kept, not followed.
            _slot = hold.Slot;
        }
    }

    /// <summary>Whether the ownedBlock was closed, or handed on. Does not wait for a thread that resizes.</summary>
    public bool IsOver
    {
        get
        {
            while (true)
            {
                Generation opened = Opened;
                unsafe
                {
                    // SAFETY: slots are never unmapped.
                    Generation now = _slot->ReadGeneration();
                    if (now.Is(SlotState.Exclusive, opened) ? CloseProtocol.IsOpenMeanwhile(_slot, opened) : !now.IsOverFor(opened))
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

    /// <summary>What frees the block once it is handed out: what the user asked for, whoever watches over it until then.</summary>
    /// <safety>The block is borrowed.</safety>
    public readonly unsafe NativeAllocator Allocator =>
        _slot->Kind == SlotKind.Foreign && Uncached.AllocatorOf(_slot).Requested is var asked && !asked.IsDefault
            ? asked
            : NativeAllocator.Default;

    /// <summary>The number of elements; 0 when the ownedBlock is over. During a resize it does not wait, and is the old number.</summary>
    public long LengthOrNone
    {
        get
        {
            long length = Volatile.Read(ref _length);
            return IsOver ? 0 : length;
        }
    }

    /// <summary>Where the block is, and how many elements it has; false when this is over.</summary>
    /// <exception cref="InvalidOperationException">This thread is resizing the block.</exception>
    public bool TryRead(out nint start, out long length)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped.
            Backoff backoff = default;
            while (true)
            {
                // They belong together, and to this owner, if its generation is open after they were read.
                Generation opened = Opened;
                start = Volatile.Read(ref *(nint*)&_slot->Start);
                length = Volatile.Read(ref _length);
                Generation now = _slot->ReadGeneration();
                if (now.IsOpenFor(opened))
                {
                    return true;
                }

                if (now.IsExclusiveFor(opened))
                {
                    CloseProtocol.Wait(_slot, ref backoff);
                }
                else if (Opened == opened)
                {
                    return false;
                }
            }
        }
    }

    /// <summary>The block's slot.</summary>
    /// <safety>Look at its generation before anything else.</safety>
    public readonly unsafe Slot* Slot => _slot;

    /// <summary>The generation that is held, or was.</summary>
    public Generation Opened => new(Volatile.Read(in _opened.Value));

    /// <summary>Where the block is.</summary>
    /// <safety>The block is borrowed, or entered.</safety>
    public readonly unsafe void* Start => _slot->Start;

    /// <summary>How many elements there are.</summary>
    /// <safety>The block is borrowed, or entered.</safety>
    public readonly unsafe long BorrowedLength => _length;

    /// <summary>To be called behind each use: as long as this is reachable, so is the cleaner.</summary>
    public readonly void KeepAlive() => GC.KeepAlive(_cleaner);

    /// <summary>Borrows the block; false when it is being resized, and when this is over: see <see cref="TryBorrowAnew"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBorrow(out BorrowMark mark)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is the one that this owner holds, or held.
            return BorrowMark.TryBegin(_slot, Opened, out mark);
        }
    }

    /// <summary>Borrows the block; false when this is over.</summary>
    public bool TryBorrowAnew(out BorrowMark mark)
    {
        Generation opened;
        bool borrowed;
        do
        {
            opened = Opened;
            borrowed = TryBorrow(out mark);
        }
        while (!borrowed && Opened != opened);

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
            Generation opened;
            Pin? pin;
            do
            {
                opened = Opened;
                pin = Pin.TryBegin(_slot, opened);
            }
            while (pin is null && Opened != opened);

            start = (nint)_slot->Start;
            length = _length;
            if (pin is not null && isLast)
            {
                // There is one: who closes a block that is pinned leaves it here.
                _cleaner!.Remember(pin);
            }

            return pin;
        }
    }

    /// <summary>Ends the last pin that still goes on, if any.</summary>
    public void EndLastPin() => _cleaner?.EndLastPin(Opened);

    /// <summary>Gives the block another size; false when this is over.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length cannot be one.</exception>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; nothing has changed.</exception>
    public bool TryResize(long length, int elementSize)
    {
        long longest = 0;
        return TryResize(length, elementSize, ref longest);
    }

    /// <summary>As the other, and notes how many elements there were at most, if they become fewer: before anybody is let in again.</summary>
    /// <inheritdoc cref="TryResize(long, int)" path="/exception"/>
    public bool TryResize(long length, int elementSize, ref long longest)
    {
        nuint newBytes = Layout.ByteCount(length, elementSize);
        if (!TryKeepOut())
        {
            return false;
        }

        bool isAskedToClose = Resizing.Relocate(ref this, Layout.ByteCount(_length, elementSize), newBytes);
        if (length < _length)
        {
            Volatile.Write(ref longest, long.Max(longest, _length));
        }

        return LetInAnew(length, SlotState.Open, isAskedToClose);
    }

    /// <summary>Hands everything to another owner; false when this is over.</summary>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    public bool TryMove(out OwnedBlock moved)
    {
        bool isOpen = TryKeepOut();
        moved = isOpen ? HandOn(_length) : default;
        return isOpen;
    }

    /// <summary>Hands everything to another owner, by who keeps everybody out. This is over then.</summary>
    /// <param name="length">How many elements the other has: no more than there are.</param>
    public OwnedBlock HandOn(long length)
    {
        OwnedBlock moved = this;
        moved._length = length;
        moved._opened = _opened.Next.With(SlotState.Open);
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to hand on.
            AllocationCounts.Renumber(_slot);
            _slot->WriteGeneration(moved._opened);
        }

        _cleaner = null;
        return moved;
    }

    /// <summary>The right to the block in this generation, for a value to keep.</summary>
    public readonly Hold AsHold()
    {
        unsafe
        {
            // SAFETY: the slot is held in this generation, or was.
            return new Hold(_cleaner!, _slot, _opened);
        }
    }

    /// <summary>Takes the block out; false when this is over.</summary>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <safety>The block belongs to the caller.</safety>
    public unsafe bool TryRelease(out void* block)
    {
        block = null;
        if (!TryEnterExclusive(out _))
        {
            return false;
        }

        Exclusion note;
        Exclusion.Begin(&note, _slot, _opened);
        try
        {
            block = Uncached.Detach(_slot);
            Exclusion.Forget(&note);
        }
        catch
        {
            // A guard had no plain block to put the elements into, or an allocator of the user's own threw.
            Resizing.LetIn(ref this, &note);
            throw;
        }

        _cleaner = null;
        return true;
    }

    /// <summary>Keeps everybody else out until <see cref="LetIn"/>; the generation stays. False when this is over.</summary>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    public bool TryKeepOut()
    {
        unsafe
        {
            // SAFETY: it ends with LetIn, which writes the slot's generation.
            return TryEnterExclusive(out _);
        }
    }

    /// <summary>Lets others in again, by the thread that kept them out.</summary>
    public void LetIn()
    {
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to open again.
            CloseProtocol.EndExclusive(_slot, Opened);
        }
    }

    /// <summary>As <see cref="LetIn"/>, but closes the ownedBlock: a thread whose <c>Dispose</c> has returned must not find it open for a moment.</summary>
    public void CloseExcluded()
    {
        unsafe
        {
            // SAFETY: the slot is never unmapped. This thread excludes the others, so the block has no user, and the home stays.
            Generation closing = _opened.With(SlotState.Closing);
            Bin* home = _slot->Home;
            _cleaner = null;
            _slot->WriteGeneration(closing);
            CloseProtocol.GiveBack(_slot, closing, home);
        }
    }

    /// <summary>As <see cref="LetIn"/>, in a new generation, because address or length has changed. False if the ownedBlock was closed instead.</summary>
    /// <param name="length">How many elements there are now.</param>
    /// <param name="state">Held, or biased to this thread, whose the slot's home then is.</param>
    /// <param name="closes">What <see cref="Resizing.Relocate"/> returned.</param>
    public bool LetInAnew(long length, SlotState state, bool closes)
    {
        if (closes)
        {
            // A thread that reads the new address or length looks at the generation afterwards, which is closed then.
            CloseExcluded();
            return false;
        }

        Generation opened = _opened.Next.With(SlotState.Open);
        Volatile.Write(ref _length, length);
        Volatile.Write(ref _opened.Value, opened.Value);
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to open again.
            AllocationCounts.Renumber(_slot);
            _slot->WriteGeneration(opened.With(state));
        }

        return true;
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

            Generation opened = Opened;
            if (_slot->ReadGeneration().Is(SlotState.Biased, opened) && CloseProtocol.TryCloseHere(_slot, opened))
            {
                _cleaner = null;
                return;
            }

            CloseSlowly(opened);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void CloseSlowly(Generation opened)
    {
        bool isClosed;
        bool isLeft;
        while (!(isClosed = CloseProtocol.Close(_slot, opened, out isLeft)) && Opened != opened)
        {
            opened = Opened;
        }

        // Who has closed it knows whether there are pins, which the cleaner remembers.
        if (isClosed && !isLeft && _slot->ReadGeneration() != opened.With(SlotState.ClosePending))
        {
            _cleaner = null;
        }
    }

    /// <summary>Keeps everybody else out, until the slot's generation is written.</summary>
    private unsafe bool TryEnterExclusive(out Generation opened)
    {
        bool isOpen;
        bool isUsed;
        do
        {
            opened = Opened;
            isOpen = CloseProtocol.TryEnterExclusive(_slot, opened, out isUsed);
        }
        while (!isOpen && Opened != opened);

        return isUsed ? throw ThrowHelper.InUse() : isOpen;
    }
}
