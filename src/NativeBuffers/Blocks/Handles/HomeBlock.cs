using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The block of a list. One thread, its home, uses the block without an announcement; all other threads borrow it.</summary>
/// <remarks>
/// <para>A use by the home is: compare <see cref="IsHome"/>, read or write elements, <see cref="GC.KeepAlive"/> this object. Nothing tells
/// the other threads where between these steps the home is. So no other thread frees or moves such a block. If another thread closes the
/// list, or makes it grow, that thread <i>retires</i> the block: it takes the home's name away, and pins the block until the home
/// is known to be elsewhere (<see cref="RetiredBlock"/>). The grown list continues in another object like this one.</para>
/// <para>The home itself needs none of this: while it frees or moves the block, it is at no other place in its program.</para>
/// <para>Only the default allocator's blocks have a home: the program can see when the blocks of other allocators are freed. docs/decisions/0026
/// has the proof, and tests/Models/home.pml the model.</para>
/// </remarks>
internal sealed class HomeBlock : CleanedOwner
{
    /// <summary>A value of <see cref="_home"/> that is no thread's cache. Not 0, which a thread without a cache has.</summary>
    private const nint None = 1;

    /// <summary>Added to the home whose use has ended, but which may still be at its last use.</summary>
    private const nint Ended = 2;

    /// <summary>The number of elements. Never above the length of the block. Written by the home, or under a borrow.</summary>
    public long Count;

    /// <summary>A number that changes with the elements.</summary>
    public long Version;

    private nint _home = None;
    private unsafe void* _start;
    private OwnedBlock _block;
    private RetiredBlock? _retired;

    private HomeBlock()
    {
    }

    /// <summary>The block of a list that has none yet. No thread writes to it.</summary>
    public static HomeBlock Empty { get; } = new();

    /// <summary>The block of a list that was disposed. No thread writes to it.</summary>
    public static HomeBlock Over { get; } = new();

    /// <summary>Whether this thread may use the block without a borrow, until it calls code from outside the library.</summary>
    public bool IsHome
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _home) == ThreadCaches.NameOfThisThread;
    }

    /// <summary>Whether a thread may use the block without a borrow: see <see cref="IsHome"/>.</summary>
    /// <param name="mine"><see cref="ThreadCaches.NameOfThisThread"/> of this thread.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsHomeOf(nint mine) => Volatile.Read(ref _home) == mine;

    /// <summary>The address of the block, for its home.</summary>
    /// <safety><see cref="IsHome"/> was true on this thread since it last called code from outside the library. Keep this object alive.</safety>
    public unsafe void* Start => _start;

    /// <summary>The number of elements that the block has room for. For its home, or under a borrow or pin.</summary>
    public long Capacity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: the caller is the home, or has borrowed or pinned the block, so the length stays.
                return _block.BorrowedLength;
            }
        }
    }

    /// <summary>The address of the block.</summary>
    /// <safety>The block is borrowed or pinned.</safety>
    public unsafe void* BorrowedStart => _block.Start;

    /// <summary>Whether the block was closed, or moved to another owner.</summary>
    public bool IsOver => _block.IsOver;

    /// <summary>The number of elements that the block has room for; 0 after the end.</summary>
    public long CapacityOrNone => _block.LengthOrNone;

    /// <summary>Takes a block with room for a number of elements, at least, whose home is this thread.</summary>
    /// <inheritdoc cref="SharedHandle.Open(nuint, NativeAllocator, bool, string, int, Type)" path="/exception"/>
    public static HomeBlock Create(long capacity, int elementSize, Type type, NativeAllocator? allocator = null, string? file = null, int line = 0)
    {
        SharedHandle handle = SharedHandle.Open(Layout.ByteCount(capacity, elementSize), allocator, zeroed: false, file, line, type);
        var block = new HomeBlock { _block = OwnedBlock.Begin(handle, elementSize) };
        block.BeginAtHome();
        return block;
    }

    /// <summary>Whether the block is retired, and not free yet.</summary>
    public bool IsKept
    {
        get
        {
            unsafe
            {
                // SAFETY: slots are never unmapped.
                return _retired is not null && _block.Slot->ReadGeneration().Is(SlotState.ClosePending, _block.Opened);
            }
        }
    }

    /// <inheritdoc cref="OwnedBlock.TryBorrowSlow"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBorrow(out BorrowHandle handle)
    {
        bool isOpen = _block.TryBorrow(out handle) || _block.TryBorrowSlow(out handle);
        GC.KeepAlive(this);
        return isOpen;
    }

    /// <inheritdoc cref="OwnedBlock.TryRead"/>
    public bool TryRead(out long capacity)
    {
        bool isOpen = _block.TryRead(out _, out capacity);
        GC.KeepAlive(this);
        return isOpen;
    }

    /// <inheritdoc cref="OwnedBlock.TryPin"/>
    public Pin? TryPin(out nint start, out long capacity)
    {
        Pin? pin = _block.TryPin(out start, out capacity, isLast: true);
        GC.KeepAlive(this);
        return pin;
    }

    /// <inheritdoc cref="OwnedBlock.EndLastPin"/>
    public void EndLastPin() => _block.EndLastPin();

    /// <summary>Makes room for exactly a number of elements, or for the present ones if they are more. False after the end.</summary>
    /// <param name="place">The list's reference to this object. It refers to another one afterwards, if this block had to be retired.</param>
    /// <param name="capacity">In elements.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <param name="type">The type of the elements.</param>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged.</exception>
    public bool TryReserve(ref HomeBlock place, long capacity, int elementSize, Type type)
    {
        _ = Layout.ByteCount(capacity, elementSize);
        if (!_block.TryEnterExclusive())
        {
            return false;
        }

        if (TakeHome() is not None and var home)
        {
            return TryReplace(ref place, home, capacity, elementSize, type);
        }

        bool closes = ExclusiveUse.ResizeToFit(ref _block, capacity, Volatile.Read(ref Count), elementSize);
        unsafe
        {
            // SAFETY: this thread excludes all other threads, so the slot is its to read.
            Slot* slot = _block.Slot;
            SlotState state = OwnedBlock.StateHere(slot);
            if (!closes && state == SlotState.Biased)
            {
                BeginAtHome();
            }

            bool isOpen = _block.Reopen((long)(slot->ByteCount / (nuint)elementSize), state, closes);
            GC.KeepAlive(this);
            return isOpen;
        }
    }

    /// <summary>Moves the elements to another owner, in a block of their size. False after the end.</summary>
    /// <inheritdoc cref="TryReserve" path="/param|/exception"/>
    public bool TryMoveUsed(int elementSize, Type type, out OwnedBlock moved)
    {
        moved = default;
        if (!_block.TryEnterExclusive())
        {
            return false;
        }

        if (TakeHome() is not None and var home)
        {
            HomeBlock? copy = CopyExcluded(home, 0, elementSize, type);
            if (copy is null)
            {
                return false;
            }

            try
            {
                _ = copy.TryMoveUsed(elementSize, type, out moved);
            }
            catch
            {
                _ = copy.TryClose(out _);
                _block.EndExclusive();
                throw;
            }

            Retire(_block.CloseExclusivePinned(), home);
            return true;
        }

        _block.Cleaner.Owner = null;
        bool isOpen = _block.TryMoveExcluded(ref Count, elementSize, out moved);
        GC.KeepAlive(this);
        return isOpen;
    }

    /// <summary>Closes the block, and frees it now, when its last use ends, or when its home is known to be elsewhere.</summary>
    /// <param name="isPinned">Whether pins go on, which <see cref="EndLastPin"/> may end.</param>
    /// <returns>False when the block was closed already, or moved to another object.</returns>
    public bool TryClose(out bool isPinned)
    {
        while (true)
        {
            // In this order, because a new home is stored before the generation that it belongs to.
            Generation opened = _block.Opened;
            nint home = TakeHome();
            unsafe
            {
                // SAFETY: slots are never unmapped. If there is a pin, the list keeps this object, so that its members can end the pin.
                isPinned = Volatile.Read(ref _block.Slot->Pins) != 0;
            }

            bool isClosed = home == None ? _block.TryClose(opened) : TryCloseElsewhere(opened, home);
            if (isClosed || _block.Opened == opened)
            {
                GC.KeepAlive(this);
                return isClosed;
            }
        }
    }

    /// <inheritdoc/>
    public override bool TryCloseForgotten(Generation opened)
    {
        if (_block.Opened != opened)
        {
            return false;
        }

        nint home = TakeHome();
        return home == None ? _block.TryClose(opened) : TryCloseElsewhere(opened, home);
    }

    /// <summary>Lets this thread use the block without a borrow, if its allocator allows that.</summary>
    /// <remarks>Before other threads can see the generation.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BeginAtHome()
    {
        unsafe
        {
            // SAFETY: the slot belongs to this thread, which has just opened it, or excludes the other threads.
            Slot* slot = _block.Slot;
            if (slot->Kind != SlotKind.Foreign)
            {
                _start = slot->Start;
                _block.Cleaner.Owner = this;
                Volatile.Write(ref _home, ThreadCaches.NameOfThisThread);
            }
        }
    }

    /// <summary>Ends the use by the home: from its next use on, the home borrows.</summary>
    /// <returns><see cref="None"/>, or the home that may still be at its last use.</returns>
    private nint TakeHome()
    {
        while (true)
        {
            nint home = Volatile.Read(ref _home);
            if (home == None)
            {
                return None;
            }

            if ((home & ~Ended) == ThreadCaches.NameOfThisThread)
            {
                // The home itself: it is here, and at no use.
                _block.Cleaner.Owner = null;
                Volatile.Write(ref _home, None);
                return None;
            }

            if ((home & Ended) != 0 || Interlocked.CompareExchange(ref _home, home | Ended, home) == home)
            {
                return home & ~Ended;
            }
        }
    }

    /// <summary>Closes a block whose home may be at its last use. The pin keeps the block, also when its last borrow ends.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryCloseElsewhere(Generation opened, nint home)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is or was this block's.
            Pin pin = Pin.BeginUnchecked(_block.Slot, opened);
            bool isClosed = CloseProtocol.Close(_block.Slot, opened, out bool isDeferred);
            if (isClosed && !isDeferred)
            {
                Retire(pin, home);
            }
            else
            {
                pin.Unpin();
            }

            return isClosed;
        }
    }

    /// <summary>Goes on with a copy of the elements in another object.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReplace(ref HomeBlock place, nint home, long capacity, int elementSize, Type type)
    {
        HomeBlock? copy = CopyExcluded(home, capacity, elementSize, type);
        if (copy is null)
        {
            return false;
        }

        // Before the old generation ends: a thread that finds it over looks for the next object.
        bool isPlaced = Interlocked.CompareExchange(ref place, copy, this) == this;
        Retire(_block.CloseExclusivePinned(), home);
        if (!isPlaced)
        {
            _ = copy.TryClose(out _);
        }

        return isPlaced;
    }

    /// <summary>Copies the elements, while this thread excludes the other threads. Null if the list was disposed in between.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged, and other threads may use it again.</exception>
    private HomeBlock? CopyExcluded(nint home, long capacity, int elementSize, Type type)
    {
        unsafe
        {
            // SAFETY: this thread excludes all other threads but the home, which does not change length and address. The count is never above
            // the length. The note ends before the stack frame that has it.
            long count = Volatile.Read(ref Count);
            HomeBlock? copy = null;
            Exclusion note;
            Exclusion.Begin(&note, _block.Slot, _block.Opened);
            bool closes = true;
            try
            {
                copy = Create(long.Max(capacity, count), elementSize, type);
                Buffer.MemoryCopy(_block.Start, copy.BorrowedStart, copy.Capacity * elementSize, count * elementSize);
                copy.Count = count;
                copy.Version = Version;
            }
            finally
            {
                closes = Exclusion.End(&note, _block.Slot, _block.Opened);
                if (closes)
                {
                    Retire(_block.CloseExclusivePinned(), home);
                }
                else if (copy is null)
                {
                    _block.EndExclusive();
                }
            }

            if (closes)
            {
                _ = copy.TryClose(out _);
                return null;
            }

            return copy;
        }
    }

    private void Retire(Pin pin, nint home)
    {
        unsafe
        {
            // SAFETY: the slot is pinned, so the block stays this object's, and no other owner has the cleaner.
            _block.Cleaner.Owner = null;
            _retired = RetiredBlock.Add(pin, (ThreadCache*)home, _block.Slot->ByteCount);
        }
    }
}
