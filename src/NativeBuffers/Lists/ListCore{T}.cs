using System.Buffers;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The block of a <see cref="NativeList{T}"/>, the number of its elements, and its growth. For any thread.</summary>
/// <remarks>
/// <para>Each member first looks whether this thread is the block's home (<see cref="HomeBlock"/>), and then works without a borrow. If not, the
/// member borrows the block.</para>
/// <para>The count is never above the block's length. A thread writes the count only while it is the home or has borrowed the block. The
/// block shrinks only while no other thread can use it. So threads that misuse a list together may lose elements, and do no other harm.
/// Contracts and exceptions are those of the list's members.</para>
/// </remarks>
internal struct ListCore<T>
    where T : unmanaged
{
    /// <summary>The size of the first block that a list without a capacity takes, in bytes.</summary>
    private const int FirstBytes = 64;

    /// <summary>The least number of elements in that block, unless they are large.</summary>
    private const int FirstLength = 4;

    /// <summary>The first block, for members that try the short path.</summary>
    /// <remarks>
    /// Its count is the list's, also after another block took its place. So a reader of the count needs no branch, and a loop over the count looks the
    /// thread up before the loop.
    /// </remarks>
    public HomeBlock First;

    /// <summary>The block that took the place of the first one; null if none did.</summary>
    private LaterBlock? _later;

    /// <summary>Whether it was closed, or handed over.</summary>
    public bool IsOver => IsAtEnd || At.IsOver;

    /// <summary>A value that changes with the elements.</summary>
    public long Version => At.Version;

    /// <summary>The number of elements; 0 once closed.</summary>
    public long CountOrNone
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => First.CountBefore;
    }

    /// <summary>The number of places; 0 once closed.</summary>
    public long CapacityOrNone => At.CapacityOrNone;

    public long Count => IsOver ? throw Disposed() : CountOrNone;

    public long Capacity
    {
        get
        {
            while (true)
            {
                ref HomeBlock at = ref At;
                if (at.IsEmpty)
                {
                    return IsAtEnd ? throw Disposed() : 0;
                }

                if (at.TryRead(out long capacity))
                {
                    return capacity;
                }

                ThrowIfStill(ref at);
            }
        }
    }

    /// <summary>The number of elements of the first block that a list without a capacity takes.</summary>
    public static long LengthOfFirst =>
        long.Max(FirstBytes / Unsafe.SizeOf<T>(), Unsafe.SizeOf<T>() <= FirstBytes * FirstLength ? FirstLength : 1);

    /// <summary>Whether no other block took the place of the first one, and the list was not disposed.</summary>
    public bool HasFirst => Volatile.Read(ref _later) is null;

    /// <summary>The block now. Another thread may give the list another one at any time.</summary>
    public ref HomeBlock At
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref (Volatile.Read(ref _later) is { } later ? ref later.Block : ref First);
    }

    /// <summary>Begins a list, with a block only if need be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(ICleanedOwner list, long capacity, NativeAllocator? allocator, string? file, int line)
    {
        First.Begin();
        if (capacity != 0 || allocator is not null || InstrumentationSwitch.IsOn)
        {
            // An instrumented list has a block from the start: its allocation site is here.
            Open(list, capacity, allocator, file, line);
        }
    }

    /// <summary>Begins a list with the block of an owner. False after the end of the owner.</summary>
    /// <inheritdoc cref="HomeChanges.TryTake" path="/exception"/>
    public bool TryBegin(ICleanedOwner list, ref OwnedBlock from) => First.TryTake(list, ref from, Unsafe.SizeOf<T>());

    /// <summary>Notes a new count of the block that took the place of the first one.</summary>
    public void NoteCount(ICleanedOwner list)
    {
        LaterBlock? later = Volatile.Read(ref _later);
        while (later is not null)
        {
            First.Show(list, Volatile.Read(ref later.Block.Count));

            // The list may have ended in between.
            Interlocked.MemoryBarrier();
            LaterBlock? before = later;
            later = Volatile.Read(ref _later);
            if (later == before)
            {
                return;
            }
        }
    }

    /// <summary>Notes that elements have changed their places.</summary>
    public void Changed() => At.Version++;

    /// <summary>Makes room for exactly <paramref name="capacity"/> elements, or for the present ones if they are more.</summary>
    public void Reserve(ICleanedOwner list, long capacity)
    {
        RetiredBlock.FreeSettled();
        while (true)
        {
            LaterBlock? later = Volatile.Read(ref _later);
            ref HomeBlock at = ref At;
            if (at.IsEmpty)
            {
                if (IsAtEnd)
                {
                    throw Disposed();
                }

                if (capacity > 0)
                {
                    TakeFirst(list, capacity);
                }

                return;
            }

            if (Unsafe.AreSame(ref at, ref Of(later)) && at.TryReserve(KeeperOf(list, later), ref _later, capacity, Unsafe.SizeOf<T>(), typeof(T)))
            {
                NoteCount(list);
                return;
            }

            ThrowIfStill(ref at);
        }
    }

    /// <summary>Hands the elements over in a block of their size. The list is over afterwards.</summary>
    public OwnedBlock HandOver(ICleanedOwner list)
    {
        while (true)
        {
            LaterBlock? later = BlockNow(list);
            ref HomeBlock at = ref Of(later);
            if (at.TryMoveUsed(KeeperOf(list, later), Unsafe.SizeOf<T>(), typeof(T), out OwnedBlock moved))
            {
                End(LaterBlock.Over);
                return moved;
            }

            ThrowIfStill(ref at);
        }
    }

    public Borrow<T> Borrow(ICleanedOwner list)
    {
        BorrowHandle handle = BeginBorrow(list, out LaterBlock? later);
        ref HomeBlock at = ref Of(later);
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has as many places.
            return new Borrow<T>(handle, at.BorrowedStart, at.CountInside);
        }
    }

    /// <summary>Borrows the block for one of the list's members, with the places after the last element. There are none without a block.</summary>
    [UnscopedRef]
    public ListBorrow<T> BorrowPlaces(NativeList<T> list)
    {
        if (At.IsEmpty)
        {
            return IsAtEnd ? throw Disposed() : default;
        }

        BorrowHandle handle = BeginBorrow(list, out LaterBlock? later);
        ref HomeBlock at = ref Of(later);
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has this length.
            return new ListBorrow<T>(handle, list, ref at, (T*)at.BorrowedStart);
        }
    }

    /// <summary>The part of a range of places that is inside the block. It may reach past the last element.</summary>
    [UnscopedRef]
    public Span<T> ViewPlaces(NativeList<T> list, long start, int length)
    {
        using ListBorrow<T> borrow = BorrowPlaces(list);
        return borrow.View(long.Min(start, borrow.Capacity), (int)long.Clamp(borrow.Capacity - start, 0, length));
    }

    /// <summary>Pins the block, and returns the address of a place. The caller uses the range only.</summary>
    public MemoryHandle PinPlaces(ICleanedOwner list, long start, int length)
    {
        while (true)
        {
            ref HomeBlock at = ref Of(BlockNow(list));
            if (at.TryPin(out nint first, out long capacity) is { } pin)
            {
                try
                {
                    Layout.ThrowIfOutside(start, length, capacity);
                }
                catch
                {
                    pin.Unpin();
                    throw;
                }

                unsafe
                {
                    // SAFETY: address and length of a pinned block stay, and the range is inside it.
                    return new MemoryHandle((T*)first + start, default, pin);
                }
            }

            ThrowIfStill(ref at);
        }
    }

    /// <summary>Ends the last pin that has not ended, if there is one.</summary>
    public void UnpinLast() => Of(Volatile.Read(ref _later) is { IsOver: true } over ? over.Pinned : Volatile.Read(ref _later)).EndLastPin();

    /// <summary>Closes the list, and frees the block now or when its last use ends. A second call does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Close(ICleanedOwner list)
    {
        if (_later is null && First.TryCloseHere(list))
        {
            // If another thread takes a first block at the same time, the cleaner of that block frees it.
            End(LaterBlock.Over);
        }
        else
        {
            CloseSlowly(list);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CloseSlowly(ICleanedOwner list)
    {
        while (true)
        {
            LaterBlock? later = Volatile.Read(ref _later);
            if (later is { IsOver: true })
            {
                // The home of the first block may have changed its count late.
                NoteCount(list);
                return;
            }

            ref HomeBlock at = ref Of(later);
            if (at.IsEmpty)
            {
                _ = at.TakeHome(list);
                if (Interlocked.CompareExchange(ref _later, LaterBlock.Over, null) is null)
                {
                    NoteCount(list);
                    return;
                }
            }
            else if (at.TryClose(KeeperOf(list, later), out bool isPinned))
            {
                // No other thread gives the list another block now: that takes an exclusive use of the block before.
                End(later is not null && isPinned ? LaterBlock.After(later) : LaterBlock.Over);
                if (later is not null && !First.IsEmpty)
                {
                    // The home has perhaps taken it while another thread took the first block, too.
                    _ = First.TryClose(list, out _);
                }

                return;
            }
            else if (Volatile.Read(ref _later) == later)
            {
                return;
            }
        }
    }

    /// <summary>Takes the block of a list that has none yet.</summary>
    /// <remarks>Another thread than the home puts it into another object: the home may be doing the same.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void TakeFirst(ICleanedOwner list, long capacity)
    {
        RetiredBlock.FreeSettled();
        if (First.IsHome)
        {
            First.Open(list, Layout.ByteCount(capacity, Unsafe.SizeOf<T>()), Unsafe.SizeOf<T>(), typeof(T));
            if (Volatile.Read(ref _later) is not null)
            {
                // Another thread was faster, or has disposed the list.
                _ = First.TryClose(list, out _);
            }

            return;
        }

        var made = LaterBlock.Create(capacity, Unsafe.SizeOf<T>(), typeof(T));
        _ = First.TakeHome(list);
        if (Interlocked.CompareExchange(ref _later, made, null) is not null)
        {
            _ = made.Block.TryClose(made, out _);
        }
    }

    /// <summary>Takes the block of a new list.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Open(ICleanedOwner list, long capacity, NativeAllocator? allocator, string? file, int line)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        RetiredBlock.FreeSettled();
        First.Open(list, Layout.ByteCount(capacity, Unsafe.SizeOf<T>()), Unsafe.SizeOf<T>(), typeof(T), allocator, file, line);
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(NativeList<>)}<{typeof(T).Name}>");

    private bool IsAtEnd => Volatile.Read(ref _later) is { IsOver: true };

    /// <summary>Throws unless the list has another block since.</summary>
    private void ThrowIfStill(ref HomeBlock at)
    {
        if (IsAtEnd || Unsafe.AreSame(ref at, ref At))
        {
            throw Disposed();
        }
    }

    [UnscopedRef]
    private ref HomeBlock Of(LaterBlock? later) => ref (later is null ? ref First : ref later.Block);

    private static ICleanedOwner KeeperOf(ICleanedOwner list, LaterBlock? later) => later is null ? list : later;

    /// <summary>The block now, taken if the list has none yet: null for the first one.</summary>
    private LaterBlock? BlockNow(ICleanedOwner list)
    {
        LaterBlock? later = Volatile.Read(ref _later);
        if (later is null && First.IsEmpty)
        {
            TakeFirst(list, LengthOfFirst);
            later = Volatile.Read(ref _later);
        }

        return later is { IsOver: true } ? throw Disposed() : later;
    }

    /// <summary>The list is over: closed, or handed over.</summary>
    private void End(LaterBlock over)
    {
        Volatile.Write(ref _later, over);
        Volatile.Write(ref First.Count, 0);
    }

    private BorrowHandle BeginBorrow(ICleanedOwner list, out LaterBlock? later)
    {
        while (true)
        {
            later = BlockNow(list);
            ref HomeBlock at = ref Of(later);
            if (at.TryBorrow(out BorrowHandle handle))
            {
                return handle;
            }

            ThrowIfStill(ref at);
        }
    }
}
