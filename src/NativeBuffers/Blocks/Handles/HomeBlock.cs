using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The block of a list. One thread, its home, uses the block without an announcement; all other threads borrow it.</summary>
/// <remarks>
/// <para>A use by the home is: compare <see cref="IsHome"/>, read or write elements, <see cref="GC.KeepAlive"/> the object that has this. Nothing
/// tells the other threads where between these steps the home is. So no other thread frees or moves such a block. If another thread closes the
/// list, or makes it grow, that thread <i>retires</i> the block: it takes the home's name away, and pins the block until the home
/// is known to be elsewhere (<see cref="RetiredBlock"/>). The grown list continues in a <see cref="LaterBlock"/>.</para>
/// <para>The home itself needs none of this: while it frees or moves the block, it is at no other place in its program. Only the home
/// gives this its first block, and then no other thread has used a block here.</para>
/// <para>The number of elements is a field of the object that has this. It is written by the home, or under a borrow. It is never above the
/// length of the block, until a <see cref="LaterBlock"/> has taken the block's place: then the list has the number of elements there.</para>
/// <para>Only the default allocator's blocks have a home: the program can see when the blocks of other allocators are freed. docs/decisions/0026
/// has the proof, and tests/Models/home.pml the model.</para>
/// </remarks>
internal struct HomeBlock
{
    /// <summary>A value of <see cref="_home"/> that is no thread's cache. Not 0, which a thread without a cache has.</summary>
    public const nint None = 1;

    /// <summary>Added to the home whose use has ended, but which may still be at its last use.</summary>
    private const nint Ended = 2;

    /// <summary>A number that grows with each change of the elements, except additions. It grows by more than the count falls.</summary>
    /// <remarks>So the sum of version and count grows with each change, and an addition writes the count alone (0.2 ns).</remarks>
    public long Version;

    private nint _home;
    private unsafe void* _start;
    private OwnedBlock _block;

    /// <summary>The block, for the thread that excludes the other threads.</summary>
    public ref OwnedBlock Owned
    {
        [UnscopedRef]
        get => ref _block;
    }

    /// <summary>Whether there was no block yet.</summary>
    public readonly bool IsEmpty => _block.IsNone;

    /// <summary>Whether this thread may use the block without a borrow, until it calls code from outside the library.</summary>
    public readonly bool IsHome
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(in _home) == ThreadCaches.NameOfThisThread;
    }

    /// <summary>Whether a thread may use the block without a borrow: see <see cref="IsHome"/>.</summary>
    /// <param name="thread"><see cref="ThreadCaches.NameOfThisThread"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsHomeOf(nint thread) => Volatile.Read(in _home) == thread;

    /// <summary>The address of the block, for its home; null if there is none.</summary>
    /// <safety><see cref="IsHome"/> was true on this thread since it last called code from outside the library. Keep the object with this alive.</safety>
    public readonly unsafe void* Start => _start;

    /// <summary>The number of elements that the block has room for. For its home, or under a borrow or pin.</summary>
    public readonly long Capacity
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
    public readonly unsafe void* BorrowedStart => _block.Start;

    /// <summary>Whether there was a block, which was closed, or moved to another owner.</summary>
    public bool IsOver => !IsEmpty && _block.IsOver;

    /// <summary>The number of elements that the block has room for; 0 after the end.</summary>
    public long CapacityOrNone => IsEmpty ? 0 : _block.LengthOrNone;

    /// <summary>Whether the block is retired, and not free yet.</summary>
    public readonly bool IsKept
    {
        get
        {
            unsafe
            {
                // SAFETY: a block that is not empty has a slot. Slots are never unmapped, and the generation is compared before anything else.
                return !IsEmpty && _block.Slot->ReadGeneration().Is(SlotState.ClosePending, _block.Opened);
            }
        }
    }

    /// <summary>The number of elements, for the home: ask for it before <see cref="IsHome"/>.</summary>
    /// <remarks>If another thread has replaced the block, and notes the number of elements in the next one, it has taken the home's name away before.</remarks>
    /// <param name="count">The count of the object that has the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long CountBefore(ref readonly long count) => Volatile.Read(in count);

    /// <summary>The number of elements, for a thread that has borrowed or pinned the block, or excludes the other threads.</summary>
    /// <remarks>At most the length: another thread may just have found out that the list has another block.</remarks>
    /// <param name="count">The count of the object that has this.</param>
    public readonly long CountInside(ref readonly long count) => long.Min(Volatile.Read(in count), Capacity);

    /// <summary>Makes this thread the home, so that it can take the first block without an atomic operation.</summary>
    /// <remarks>In place: a copy of this takes longer than the rest of an empty list.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin() => _home = ThreadCaches.NameOfThisThread is not 0 and var mine ? mine : MakeName();

    /// <summary>Makes this thread the home of another block, before other threads can see its generation.</summary>
    /// <param name="keeper">The list or the <see cref="LaterBlock"/> that has this.</param>
    /// <param name="later">The block that has taken the place of this one, if any. Then this gets no home.</param>
    /// <safety>This thread excludes all other threads, and the slot's home is this thread's.</safety>
    public unsafe void BeginNext(ICleanedOwner keeper, ref LaterBlock? later)
    {
        LaterBlock? before = keeper as LaterBlock;
        _start = _block.Slot->Start;
        _block.Cleaner!.Owner = keeper;
        Volatile.Write(ref _home, ThreadCaches.NameOfThisThread);

        // Either this thread sees the later block, or the thread that shows the count of the later block takes this name away before.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref later) != before)
        {
            _ = TakeHome(keeper);
        }
    }

    /// <summary>Shows the number of elements of the block that has taken the place of this one.</summary>
    /// <remarks>The home's name goes first: the home asks for the count before it compares its name.</remarks>
    /// <param name="keeper">The list that has this.</param>
    /// <param name="shown">The list's count.</param>
    /// <param name="count">Perhaps above the length of this block.</param>
    public void Show(ICleanedOwner keeper, ref long shown, long count)
    {
        nint home = Volatile.Read(ref _home);
        if (home != None && (home & Ended) == 0)
        {
            _ = TakeHome(keeper);
        }

        Volatile.Write(ref shown, count);
    }

    /// <summary>Leaves this without a home.</summary>
    public void BeginOver() => _home = None;

    /// <summary>Takes the first block.</summary>
    /// <remarks>For the home of an empty list. If the allocator of the block allows no home, there is none afterwards.</remarks>
    /// <param name="keeper">The list or the <see cref="LaterBlock"/> that has this.</param>
    /// <param name="byteCount">The least size of the block.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="allocator">The default one if null.</param>
    /// <param name="file">The allocation site's file.</param>
    /// <param name="line">The allocation site's line.</param>
    /// <inheritdoc cref="SharedHandle.Open(nuint, NativeAllocator, bool, string, int, Type)" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Open(
        ICleanedOwner keeper, nuint byteCount, int elementSize, Type type, NativeAllocator? allocator = null, string? file = null, int line = 0)
    {
        SharedHandle handle = SharedHandle.Open(byteCount, allocator, zeroed: false, file, line, type);
        unsafe
        {
            // SAFETY: the slot belongs to this thread, which has just opened it.
            Slot* slot = handle.Slot;
            if (!IsEmpty)
            {
                // The allocator has called the program, and the program this list.
                _ = CloseProtocol.Close(slot, handle.Opened);
                return;
            }

            if (slot->Kind == SlotKind.Foreign)
            {
                Volatile.Write(ref _home, None);
            }
            else if (_home != None)
            {
                // The name stays as it is: another thread may have taken it away since.
                _start = slot->Start;
                handle.Cleaner!.Owner = keeper;
            }
        }

        OwnedBlock.BeginIn(ref _block, handle, elementSize);
    }

    /// <summary>Adds an element, if this thread is the home, and there is room.</summary>
    /// <param name="total">The count of the object that has this.</param>
    /// <param name="count"><see cref="CountBefore"/>.</param>
    /// <param name="item">The element.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append<T>(ref long total, long count, T item)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: this thread is the home, and the block is longer than the count.
            ((T*)_start)[count] = item;
        }

        total = count + 1;
    }

    /// <summary>Keeps the object with this alive: call it after each use of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void KeepAlive() => _block.KeepAlive();

    /// <inheritdoc cref="OwnedBlock.TryBorrowSlow"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBorrow(out BorrowHandle handle)
    {
        bool isOpen = _block.TryBorrow(out handle) || _block.TryBorrowSlow(out handle);
        _block.KeepAlive();
        return isOpen;
    }

    /// <inheritdoc cref="OwnedBlock.TryRead"/>
    public bool TryRead(out long capacity)
    {
        bool isOpen = _block.TryRead(out _, out capacity);
        _block.KeepAlive();
        return isOpen;
    }

    /// <summary>Reads address and length, which belong together while the generation is open. False without a block, and after the end.</summary>
    /// <inheritdoc cref="OwnedBlock.TryRead" path="/exception"/>
    public bool TryRead(out nint start, out long capacity, out Generation opened)
    {
        start = 0;
        capacity = 0;
        opened = _block.Opened;
        if (IsEmpty)
        {
            return false;
        }

        // Generations never come back: if this is still the same, it was the one that address and length belong to.
        bool isOpen = _block.TryRead(out start, out capacity) && _block.Opened == opened;
        _block.KeepAlive();
        return isOpen;
    }

    /// <inheritdoc cref="PinnedUse.TryPin"/>
    public Pin? TryPin(out nint start, out long capacity)
    {
        Pin? pin = _block.TryPin(out start, out capacity, isLast: true);
        _block.KeepAlive();
        return pin;
    }

    /// <inheritdoc cref="PinnedUse.EndLastPin"/>
    public void EndLastPin() => _block.EndLastPin();

    /// <summary>Closes the block, and frees it now, when its last use ends, or when its home is known to be elsewhere.</summary>
    /// <param name="keeper">The list or the <see cref="LaterBlock"/> that has this.</param>
    /// <param name="isPinned">Whether pins go on, which <see cref="EndLastPin"/> may end.</param>
    /// <returns>False when the block was closed already, or moved to another object.</returns>
    public bool TryClose(ICleanedOwner keeper, out bool isPinned)
    {
        while (true)
        {
            // In this order, because a new home is stored before the generation that it belongs to.
            Generation opened = _block.Opened;
            nint home = TakeHome(keeper);
            unsafe
            {
                // SAFETY: slots are never unmapped. If there is a pin, the list keeps the object with this, so that its members can end the pin.
                isPinned = Volatile.Read(ref SlotTable.PinsOf(_block.Slot)) != 0;
            }

            bool isClosed = home == None ? _block.TryClose(opened) : TryCloseElsewhere(keeper, opened, home);
            if (isClosed || _block.Opened == opened)
            {
                _block.KeepAlive();
                return isClosed;
            }
        }
    }

    /// <summary>Closes at home, without an atomic operation; false if that is not possible, and then <see cref="TryClose"/> decides.</summary>
    /// <param name="keeper">The list or the <see cref="LaterBlock"/> that has this.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryCloseHere(ICleanedOwner keeper)
    {
        if (!IsHome)
        {
            return false;
        }

        // From here on there is no home: this thread is at no use.
        Volatile.Write(ref _home, None);
        if (IsEmpty)
        {
            return true;
        }

        _block.DropOwner(keeper);
        return _block.TryCloseHere(_block.Opened);
    }

    /// <inheritdoc cref="ICleanedOwner.TryCloseForgotten"/>
    public bool TryCloseForgotten(ICleanedOwner keeper, Generation opened)
    {
        if (IsEmpty || _block.Opened != opened)
        {
            return false;
        }

        nint home = TakeHome(keeper);
        return home == None ? _block.TryClose(opened) : TryCloseElsewhere(keeper, opened, home);
    }

    /// <summary>Ends the use by the home: from its next use on, the home borrows.</summary>
    /// <returns><see cref="None"/>, or the home that may still be at its last use.</returns>
    public nint TakeHome(ICleanedOwner keeper)
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
                _block.DropOwner(keeper);
                Volatile.Write(ref _home, None);
                return None;
            }

            if ((home & Ended) != 0 || Interlocked.CompareExchange(ref _home, home | Ended, home) == home)
            {
                return home & ~Ended;
            }
        }
    }

    /// <summary>The name of a thread that has no cache yet; <see cref="None"/> if memory is exhausted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint MakeName()
    {
        unsafe
        {
            // SAFETY: the pointer is a name, and not followed.
            ThreadCache* cache = ThreadCache.Current();
            return cache == null ? None : (nint)cache;
        }
    }

    /// <summary>Closes a block whose home may be at its last use. The pin keeps the block, also when its last borrow ends.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryCloseElsewhere(ICleanedOwner keeper, Generation opened, nint home)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is or was this block's.
            Pin pin = Pin.BeginUnchecked(_block.Slot, opened);
            bool isClosed = CloseProtocol.Close(_block.Slot, opened, out bool isLeftToResizer);
            if (isClosed && !isLeftToResizer)
            {
                Retire(keeper, pin, home);
            }
            else
            {
                pin.Unpin();
            }

            return isClosed;
        }
    }

    /// <summary>Keeps a closed block until its home is known to be elsewhere.</summary>
    /// <param name="keeper">The list or the <see cref="LaterBlock"/> that has this.</param>
    /// <param name="pin">A pin of the block, after the block was closed.</param>
    /// <param name="home">The home, whose name was taken away.</param>
    public readonly void Retire(ICleanedOwner keeper, Pin pin, nint home)
    {
        unsafe
        {
            // SAFETY: the slot is pinned, so the block stays this object's, and no other owner has the cleaner.
            _block.DropOwner(keeper);
            RetiredBlock.Add(keeper, pin, (ThreadCache*)home, _block.Slot->ByteCount);
        }
    }
}
