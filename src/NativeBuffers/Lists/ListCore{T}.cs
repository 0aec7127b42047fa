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
/// <para>The count is never above the block's length. A thread writes the count only while it is the home or has borrowed the block, and the
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

    private HomeBlock _at;

    /// <summary>After the end: the block, if it was pinned.</summary>
    private HomeBlock? _pinned;

    public ListCore(long capacity, NativeAllocator? allocator, string? file, int line)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _at = HomeBlock.Empty;
        if (capacity > 0 || allocator is not null || InstrumentationSwitch.IsOn)
        {
            // An instrumented list has a block from the start: its allocation site is here.
            _at = CreateBlock(capacity, allocator, file, line);
        }
    }

    /// <summary>Whether it was closed, or handed over.</summary>
    public readonly bool IsOver => At is var at && (at == HomeBlock.Over || (at != HomeBlock.Empty && at.IsOver));

    /// <summary>A value that changes with the elements.</summary>
    public readonly long Version => At.Version;

    /// <summary>The number of elements; 0 once closed.</summary>
    public readonly long CountOrNone
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => At.Count;
    }

    /// <summary>The number of places; 0 once closed.</summary>
    public readonly long CapacityOrNone => At is var at && (at == HomeBlock.Over || at == HomeBlock.Empty) ? 0 : at.CapacityOrNone;

    public long Count => IsOver ? throw Disposed() : CountOrNone;

    public long Capacity
    {
        get
        {
            while (true)
            {
                HomeBlock at = At;
                if (at == HomeBlock.Empty)
                {
                    return 0;
                }

                if (at != HomeBlock.Over && at.TryRead(out long capacity))
                {
                    return capacity;
                }

                ThrowIfStill(at);
            }
        }
    }

    /// <summary>The number of elements of the first block that a list without a capacity takes.</summary>
    public static long LengthOfFirst =>
        long.Max(FirstBytes / Unsafe.SizeOf<T>(), Unsafe.SizeOf<T>() <= FirstBytes * FirstLength ? FirstLength : 1);

    /// <summary>The block now. Another thread may give the list another one at any time.</summary>
    public readonly HomeBlock At
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _at;
    }

    /// <summary>Notes that elements have changed their places.</summary>
    public readonly void Changed() => At.Version++;

    /// <summary>Makes room for exactly <paramref name="capacity"/> elements, or for the present ones if they are more.</summary>
    public void Reserve(long capacity)
    {
        RetiredBlock.FreeSettled();
        while (true)
        {
            HomeBlock at = At;
            if (at == HomeBlock.Empty)
            {
                if (capacity > 0)
                {
                    _ = TakeFirst(capacity);
                }

                return;
            }

            if (at != HomeBlock.Over && at.TryReserve(ref _at, capacity, Unsafe.SizeOf<T>(), typeof(T)))
            {
                return;
            }

            ThrowIfStill(at);
        }
    }

    /// <summary>Hands the elements over in a block of their size. The list is over afterwards.</summary>
    public OwnedBlock HandOver()
    {
        while (true)
        {
            HomeBlock at = BlockNow();
            if (at != HomeBlock.Over && at.TryMoveUsed(Unsafe.SizeOf<T>(), typeof(T), out OwnedBlock moved))
            {
                Volatile.Write(ref _at, HomeBlock.Over);
                return moved;
            }

            ThrowIfStill(at);
        }
    }

    public Borrow<T> Borrow()
    {
        BorrowHandle handle = BeginBorrow(out HomeBlock at);
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has at least as many places as the count.
            return new Borrow<T>(handle, at.BorrowedStart, Volatile.Read(ref at.Count));
        }
    }

    /// <summary>Borrows the block for one of the list's members, with the places after the last element. There are none without a block.</summary>
    public ListBorrow<T> BorrowPlaces()
    {
        if (At == HomeBlock.Empty)
        {
            return default;
        }

        BorrowHandle handle = BeginBorrow(out HomeBlock at);
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has this length.
            return new ListBorrow<T>(handle, at, (T*)at.BorrowedStart);
        }
    }

    /// <summary>The part of a range of places that is inside the block. It may reach past the last element.</summary>
    public Span<T> ViewPlaces(long start, int length)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        return borrow.View(long.Min(start, borrow.Capacity), (int)long.Clamp(borrow.Capacity - start, 0, length));
    }

    /// <summary>Pins the block, and returns the address of a place. The caller uses the range only.</summary>
    public MemoryHandle PinPlaces(long start, int length)
    {
        while (true)
        {
            HomeBlock at = BlockNow();
            if (at != HomeBlock.Over && at.TryPin(out nint first, out long capacity) is { } pin)
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

            ThrowIfStill(at);
        }
    }

    /// <summary>Ends the last pin that has not ended, if there is one.</summary>
    public readonly void UnpinLast() => (_pinned ?? At).EndLastPin();

    /// <summary>Closes the list, and frees the block now or when its last use ends. A second call does nothing.</summary>
    public void Close()
    {
        while (true)
        {
            HomeBlock at = At;
            if (at is null || at == HomeBlock.Over)
            {
                // Null if the list's constructor has not run.
                return;
            }

            if (at == HomeBlock.Empty)
            {
                _ = Interlocked.CompareExchange(ref _at, HomeBlock.Over, at);
            }
            else if (at.TryClose(out bool isPinned))
            {
                // No other thread gives the list another block now: that takes an exclusive use of the block before.
                _pinned = isPinned ? at : null;
                Volatile.Write(ref _at, HomeBlock.Over);
                return;
            }
            else if (At == at)
            {
                return;
            }
        }
    }

    /// <summary>Takes the block of a list that has none yet; the result is another block if another thread was faster.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public HomeBlock TakeFirst(long capacity)
    {
        HomeBlock made = CreateBlock(capacity, allocator: null, file: null, line: 0);
        HomeBlock before = Interlocked.CompareExchange(ref _at, made, HomeBlock.Empty);
        if (before == HomeBlock.Empty)
        {
            return made;
        }

        _ = made.TryClose(out _);
        return before;
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(NativeList<>)}<{typeof(T).Name}>");

    /// <summary>Throws unless the list has another block since.</summary>
    private readonly void ThrowIfStill(HomeBlock at)
    {
        if (at == HomeBlock.Over || Volatile.Read(in _at) == at)
        {
            throw Disposed();
        }
    }

    /// <summary>The block, taken if the list has none yet.</summary>
    private HomeBlock BlockNow() => At is var at && at == HomeBlock.Empty ? TakeFirst(LengthOfFirst) : at;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static HomeBlock CreateBlock(long capacity, NativeAllocator? allocator, string? file, int line)
    {
        RetiredBlock.FreeSettled();
        return HomeBlock.Create(capacity, Unsafe.SizeOf<T>(), typeof(T), allocator, file, line);
    }


    private BorrowHandle BeginBorrow(out HomeBlock at)
    {
        while (true)
        {
            at = BlockNow();
            if (at != HomeBlock.Over && at.TryBorrow(out BorrowHandle handle))
            {
                return handle;
            }

            ThrowIfStill(at);
        }
    }
}
