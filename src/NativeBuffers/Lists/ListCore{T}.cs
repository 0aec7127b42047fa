using System.Buffers;
using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>A block, how many of its places are in use, and how it grows: what a list on the managed heap is made of. For any thread.</summary>
/// <remarks>
/// The count is at most the block's length, always: it is written only by who has entered the block or borrows it, and the
/// block becomes smaller only while nobody does. So threads that misuse a list together may lose elements, and no more.
/// </remarks>
internal struct ListCore<T>
    where T : unmanaged
{
    private OwnedBlock _ownedBlock;
    private long _count;
    private long _version;

    public ListCore(long capacity, NativeAllocator? allocator, string? file, int line)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Hold hold = Hold.Rent(Layout.ByteCount(capacity, Unsafe.SizeOf<T>()), allocator, zeroed: false, file, line, typeof(T));
        _ownedBlock = Growing.Begin(hold, Unsafe.SizeOf<T>());
    }

    /// <summary>Whether it was closed, or handed on.</summary>
    public bool IsOver => _ownedBlock.IsOver;

    /// <summary>What changes with the elements: adding one changes the count, and all else the number beside it.</summary>
    public (long Count, long Version) Edition => (Volatile.Read(ref _count), Volatile.Read(ref _version));

    /// <summary>The number of elements.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public long Count => _ownedBlock.IsOver ? throw Disposed() : Volatile.Read(ref _count);

    /// <summary>The number of elements; 0 once closed.</summary>
    public long CountOrNone => _ownedBlock.IsOver ? 0 : Volatile.Read(ref _count);

    /// <summary>How many elements there is room for; 0 once closed.</summary>
    public long CapacityOrNone => _ownedBlock.LengthOrNone;

    /// <summary>How many elements there is room for.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public long Capacity => _ownedBlock.TryRead(out _, out long capacity) ? capacity : throw Disposed();

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(NativeList<>)}<{typeof(T).Name}>");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Get(long index) => TryGetHere(index, out T item) ? item : GetSlowly(index);

    /// <summary>The element at an index; false when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(long index, out T item) => TryGetHere(index, out item) || TryGetSlowly(index, out item);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(long index, T item)
    {
        unsafe
        {
            // SAFETY: the block is entered, and the index below the count, which is at most the block's length.
            Bin* home = Growing.Enter(ref _ownedBlock);
            if (home != null)
            {
                if ((ulong)index < (ulong)_count)
                {
                    ((T*)_ownedBlock.Start)[index] = item;
                    _version++;
                    Growing.Leave(home);
                    return;
                }

                Growing.Leave(home);
            }
        }

        SetSlowly(index, item);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        unsafe
        {
            // SAFETY: the block is entered, and longer than the count.
            Bin* home = Growing.Enter(ref _ownedBlock);
            if (home != null)
            {
                long count = _count;
                if (count < _ownedBlock.BorrowedLength)
                {
                    ((T*)_ownedBlock.Start)[count] = item;
                    _count = count + 1;
                    Growing.Leave(home);
                    return;
                }

                Growing.Leave(home);
            }
        }

        AddSlowly(item);
    }

    /// <summary>All elements. The span keeps nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> View()
    {
        unsafe
        {
            // SAFETY: the count is at most the length of the block that is read with it.
            Bin* home = Growing.Enter(ref _ownedBlock);
            if (home != null)
            {
                void* start = _ownedBlock.Start;
                long count = _count;
                Growing.Leave(home);
                if (count <= int.MaxValue)
                {
                    return Block.View<T>(start, (int)count);
                }
            }
        }

        return ViewSlowly();
    }

    /// <summary>Puts elements somewhere, or behind the last one.</summary>
    /// <param name="index">Where; null for behind the last.</param>
    /// <param name="items">May be part of this list.</param>
    public void Insert(long? index, ReadOnlySpan<T> items)
    {
        while (!TryInsert(index, items, out bool overlap))
        {
            if (overlap)
            {
                // They would move, or be overwritten, before they are copied.
                using NativeBuffer<T> copy = NativeBuffer.CreateFrom(items);
                Insert(index, copy.AsSpan());
                return;
            }

            Grow(checked(Count + items.Length));
        }
    }

    /// <summary>Adds elements behind the others.</summary>
    /// <param name="items">May be this list.</param>
    public void AddAll(IEnumerable<T> items)
    {
        if (items is NativeList<T> list)
        {
            // Room first: borrowed, a list does not grow, and it may be this one.
            Grow(Count + list.LongCount);
            using Borrow<T> others = list.Borrow();
            for (long start = 0; start < others.Length; start += int.MaxValue)
            {
                Insert(null, others.AsSpan(start, (int)long.Min(others.Length - start, int.MaxValue)));
            }

            return;
        }

        if (items.TryGetNonEnumeratedCount(out int count))
        {
            Grow(Count + count);
        }

        foreach (T item in items)
        {
            Add(item);
        }
    }

    /// <summary>Takes elements out; those behind them move up.</summary>
    public void Remove(long start, long length)
    {
        using ListUse<T> use = Use();
        Layout.ThrowIfOutside(start, length, use.Count);
        use.Move(start + length, start);
        SetCount(use.Count - length);
    }

    /// <summary>Takes elements from the end, or adds zeroed ones there.</summary>
    public void Resize(long length)
    {
        if (length > Capacity)
        {
            Reserve(length);
        }

        using ListUse<T> use = Use();
        long possible = long.Min(length, use.Capacity);
        use.Clear(use.Count, possible);
        SetCount(possible);
    }

    /// <summary>Makes elements of places behind the last one.</summary>
    public void Advance(int count)
    {
        using ListUse<T> use = Use();
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, use.Capacity - use.Count);
        SetCount(use.Count + count);
    }

    /// <summary>Says that elements have changed their places.</summary>
    public void Changed() => _version++;

    /// <summary>Makes room for so many elements, or for twice as many as before, if that is more and there is memory for it.</summary>
    public void Grow(long needed)
    {
        long capacity = Capacity;
        if (needed <= capacity)
        {
            return;
        }

        // Unless the bytes of twice as many could not be counted.
        long doubled = long.Min(capacity * 2, nint.MaxValue / Unsafe.SizeOf<T>());
        for (long wanted = doubled; ; wanted -= (wanted - needed + 1) / 2)
        {
            try
            {
                using BudgetTrial trial = BudgetTrial.If(needed < wanted);
                Reserve(long.Max(needed, wanted));
                return;
            }
            catch (OutOfMemoryException refused) when (needed < wanted)
            {
                // Half as much more, and so on: with one element more at a time, each addition would come here.
                AllocatorHooks.NoteRecovery(refused);
            }
        }
    }

    /// <summary>Makes room for so many elements, or for those that there are, if they are more; no more than that.</summary>
    public void Reserve(long capacity)
    {
        bool isOpen = Growing.TryReserve(ref _ownedBlock, capacity, ref _count, Unsafe.SizeOf<T>());
        _ownedBlock.KeepAlive();
        if (!isOpen)
        {
            throw Disposed();
        }
    }

    /// <summary>Hands the elements on, in a block of their size. This is over then.</summary>
    public OwnedBlock HandOver()
    {
        bool isOpen = Growing.TryHandOver(ref _ownedBlock, ref _count, Unsafe.SizeOf<T>(), out OwnedBlock moved);
        _ownedBlock.KeepAlive();
        return isOpen ? moved : throw Disposed();
    }

    public Borrow<T> Borrow()
    {
        BorrowMark mark = Begin();
        unsafe
        {
            // SAFETY: the block is borrowed with this mark, and is as long as the count, or longer.
            return new Borrow<T>(mark, _ownedBlock.Start, Volatile.Read(ref _count));
        }
    }

    /// <summary>Keeps the block where it is, for a moment of the library's own code.</summary>
    public ListUse<T> Use()
    {
        BorrowMark mark = Begin();
        unsafe
        {
            // SAFETY: the block is borrowed with this mark, and has this length.
            return new ListUse<T>(mark, (T*)_ownedBlock.Start, _ownedBlock.BorrowedLength, Volatile.Read(ref _count));
        }
    }

    /// <summary>Keeps the block where it is; where some places are. Whoever pins uses them all.</summary>
    public MemoryHandle PinPlaces(long start, int length)
    {
        Pin pin = _ownedBlock.TryPin(out nint first, out long capacity, isLast: true) ?? throw Disposed();
        _ownedBlock.KeepAlive();
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
            // SAFETY: once pinned, address and length stay, and the places are inside or at the end.
            return new MemoryHandle((T*)first + start, default, pin);
        }
    }

    /// <summary>Ends the last pin that still goes on, if any.</summary>
    public void UnpinLast() => _ownedBlock.EndLastPin();

    /// <summary>Lets nobody in any more, and gives the block back: now, or when its last use ends. Once only.</summary>
    public void Close()
    {
        _ownedBlock.Close();
        _ownedBlock.KeepAlive();
    }

    private BorrowMark Begin()
    {
        bool isOpen = _ownedBlock.TryBorrow(out BorrowMark mark) || _ownedBlock.TryBorrowAnew(out mark);
        _ownedBlock.KeepAlive();
        return isOpen ? mark : throw Disposed();
    }

    /// <remarks>The caller has the block in use.</remarks>
    private void SetCount(long count)
    {
        Volatile.Write(ref _count, count);
        _version++;
    }

    private bool TryInsert(long? index, ReadOnlySpan<T> items, out bool overlap)
    {
        using ListUse<T> use = Use();
        long at = index ?? use.Count;
        ArgumentOutOfRangeException.ThrowIfNegative(at, nameof(index));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, use.Count, nameof(index));
        overlap = use.Overlaps(items);
        if (overlap || items.Length > use.Capacity - use.Count)
        {
            return false;
        }

        use.Move(at, at + items.Length);
        items.CopyTo(use.View(at, items.Length));
        SetCount(use.Count + items.Length);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryGetHere(long index, out T item)
    {
        unsafe
        {
            // SAFETY: the block is entered, and the index below the count, which is at most the block's length.
            Bin* home = Growing.Enter(ref _ownedBlock);
            if (home != null)
            {
                bool exists = (ulong)index < (ulong)_count;
                item = exists ? ((T*)_ownedBlock.Start)[index] : default;
                Growing.Leave(home);
                return exists;
            }
        }

        item = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGetSlowly(long index, out T item)
    {
        using ListUse<T> use = Use();
        bool exists = (ulong)index < (ulong)use.Count;
        item = exists ? use.Place(index) : default;
        return exists;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T GetSlowly(long index)
    {
        using ListUse<T> use = Use();
        use.ThrowIfNoElement(index);
        return use.Place(index);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SetSlowly(long index, T item)
    {
        using ListUse<T> use = Use();
        use.ThrowIfNoElement(index);
        use.Place(index) = item;
        _version++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSlowly(T item) => Insert(null, new ReadOnlySpan<T>(in item));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Span<T> ViewSlowly()
    {
        using ListUse<T> use = Use();
        return use.Count <= int.MaxValue ? use.View(0, (int)use.Count) : throw ThrowHelper.TooLongForMemory(use.Count);
    }
}
