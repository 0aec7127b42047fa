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
    public HomeBlock First;

    private LaterBlock? _later;

    /// <summary>Whether it was closed, or handed over.</summary>
    public bool IsOver => IsAtEnd || At.IsOver;

    /// <summary>The number of places; 0 once closed.</summary>
    public long CapacityOrNone => At.CapacityOrNone;

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

    /// <summary>The block that took the place of the first one; null if none did. Another thread may give the list another one at any time.</summary>
    public LaterBlock? Later => Volatile.Read(ref _later);

    /// <summary>Whether no other block took the place of the first one, and the list was not disposed.</summary>
    public bool HasFirst => Later is null;

    /// <summary>The block now. Another thread may give the list another one at any time.</summary>
    [UnscopedRef]
    public ref HomeBlock At => ref Of(Later);

    /// <summary>The count of the first block or of a later one.</summary>
    public static ref long CountOf(NativeList<T> list, LaterBlock? later) => ref (later is null ? ref list.ElementCount : ref later.Count);

    /// <summary>A number that grows with each change of the elements.</summary>
    public long Stamp(NativeList<T> list)
    {
        LaterBlock? later = Later;
        return Of(later).Version + HomeBlock.CountBefore(in CountOf(list, later));
    }

    /// <summary>The number of elements.</summary>
    public long CountIn(NativeList<T> list) => IsOver ? throw Disposed() : HomeBlock.CountBefore(in list.ElementCount);

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
    public bool TryBegin(NativeList<T> list, ref OwnedBlock from) => First.TryTake(list, ref list.ElementCount, ref from, Unsafe.SizeOf<T>());

    /// <summary>Notes a new count of the block that took the place of the first one.</summary>
    public void NoteCount(NativeList<T> list)
    {
        LaterBlock? later = Later;
        while (later is not null)
        {
            First.Show(list, ref list.ElementCount, Volatile.Read(ref later.Count));

            // The list may have ended in between.
            Interlocked.MemoryBarrier();
            LaterBlock? before = later;
            later = Later;
            if (later == before)
            {
                return;
            }
        }
    }

    /// <summary>Notes that elements have changed their places.</summary>
    public void Changed() => At.Version++;

    /// <summary>Makes room for exactly <paramref name="capacity"/> elements, or for the present ones if they are more.</summary>
    public void Reserve(NativeList<T> list, long capacity)
    {
        RetiredBlock.FreeSettled();
        while (true)
        {
            LaterBlock? later = Later;
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

            if (Unsafe.AreSame(ref at, ref Of(later))
                && at.TryReserve(KeeperOf(list, later), ref CountOf(list, later), ref _later, capacity, Unsafe.SizeOf<T>(), typeof(T)))
            {
                NoteCount(list);
                return;
            }

            ThrowIfStill(ref at);
        }
    }

    /// <summary>Hands the elements over in a block of their size. The list is over afterwards.</summary>
    public OwnedBlock HandOver(NativeList<T> list)
    {
        while (true)
        {
            LaterBlock? later = BlockNow(list);
            ref HomeBlock at = ref Of(later);
            if (at.TryMoveUsed(KeeperOf(list, later), ref CountOf(list, later), Unsafe.SizeOf<T>(), typeof(T), out OwnedBlock moved))
            {
                End(list, LaterBlock.Over);
                return moved;
            }

            ThrowIfStill(ref at);
        }
    }

    public Borrow<T> Borrow(NativeList<T> list)
    {
        BorrowHandle handle = BeginBorrow(list, out LaterBlock? later);
        ref HomeBlock at = ref Of(later);
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has as many places.
            return new Borrow<T>(handle, at.BorrowedStart, at.CountInside(ref CountOf(list, later)));
        }
    }

    /// <summary>Borrows the elements for one of the list's members. A list without a block has none, and gets no block for this.</summary>
    public Borrow<T> BorrowElements(NativeList<T> list) => !At.IsEmpty ? Borrow(list) : IsAtEnd ? throw Disposed() : default;

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
            return new ListBorrow<T>(handle, list, ref at, ref CountOf(list, later), (T*)at.BorrowedStart);
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
    public void UnpinLast() => Of(Later is { IsOver: true } over ? over.Pinned : Later).EndLastPin();

    /// <summary>Closes the list, and frees the block now or when its last use ends. A second call does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Close(NativeList<T> list)
    {
        if (_later is null && First.TryCloseHere(list))
        {
            // If another thread takes a first block at the same time, the cleaner of that block frees it.
            End(list, LaterBlock.Over);
        }
        else
        {
            CloseSlowly(list);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CloseSlowly(NativeList<T> list)
    {
        while (true)
        {
            LaterBlock? later = Later;
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
                End(list, later is not null && isPinned ? LaterBlock.After(later) : LaterBlock.Over);
                if (later is not null && !First.IsEmpty)
                {
                    // The home may have taken the later block while another thread took the first block.
                    _ = First.TryClose(list, out _);
                }

                return;
            }
            else if (Later == later)
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
            if (Later is not null)
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

    private bool IsAtEnd => Later is { IsOver: true };

    /// <summary>Throws unless the list has another block since.</summary>
    private void ThrowIfStill(ref HomeBlock at)
    {
        if (IsAtEnd || Unsafe.AreSame(ref at, ref At))
        {
            throw Disposed();
        }
    }

    /// <summary>The first block, or a later one.</summary>
    [UnscopedRef]
    public ref HomeBlock Of(LaterBlock? later) => ref (later is null ? ref First : ref later.Block);

    private static ICleanedOwner KeeperOf(ICleanedOwner list, LaterBlock? later) => later is null ? list : later;

    /// <summary>The block now, taken if the list has none yet: null for the first one.</summary>
    private LaterBlock? BlockNow(ICleanedOwner list)
    {
        LaterBlock? later = Later;
        if (later is null && First.IsEmpty)
        {
            TakeFirst(list, LengthOfFirst);
            later = Later;
        }

        return later is { IsOver: true } ? throw Disposed() : later;
    }

    /// <summary>The list is over: closed, or handed over.</summary>
    private void End(NativeList<T> list, LaterBlock over)
    {
        Volatile.Write(ref _later, over);
        Volatile.Write(ref list.ElementCount, 0);
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
