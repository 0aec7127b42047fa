using System.Buffers;
using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The block of a <see cref="NativeList{T}"/>, the number of its elements, and its growth. For any thread.</summary>
/// <remarks>
/// The count is never above the block's length. A thread writes the count only while it has entered or borrowed the block, and the
/// block shrinks only while no thread has. So threads that misuse a list together may lose elements, and do no other harm.
/// Contracts and exceptions are those of the list's members.
/// </remarks>
internal struct ListCore<T>
    where T : unmanaged
{
    private OwnedBlock _block;
    private long _count;
    private long _version;

    public ListCore(long capacity, NativeAllocator? allocator, string? file, int line)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        SharedHandle handle = SharedHandle.Open(Layout.ByteCount(capacity, Unsafe.SizeOf<T>()), allocator, zeroed: false, file, line, typeof(T));
        _block = OwnedBlock.Begin(handle, Unsafe.SizeOf<T>());
    }

    /// <summary>Whether it was closed, or handed over.</summary>
    public bool IsOver => _block.IsOver;

    /// <summary>A value that changes with the elements. An addition changes the count, and any other change the version.</summary>
    public (long Count, long Version) Edition => (Volatile.Read(ref _count), Volatile.Read(ref _version));

    public long Count => _block.IsOver ? throw Disposed() : Volatile.Read(ref _count);

    /// <summary>The number of elements; 0 once closed.</summary>
    public long CountOrNone => _block.IsOver ? 0 : Volatile.Read(ref _count);

    public long Capacity => _block.TryRead(out _, out long capacity) ? capacity : throw Disposed();

    /// <summary>The number of places; 0 once closed.</summary>
    public long CapacityOrNone => _block.LengthOrNone;

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(NativeList<>)}<{typeof(T).Name}>");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Get(long index) => TryGetHere(index, out T item) ? item : GetSlowly(index);

    /// <summary>Gets an element; false if there is none at the index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(long index, out T item) => TryGetHere(index, out item) || TryGetSlowly(index, out item);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(long index, T item)
    {
        unsafe
        {
            // SAFETY: this thread has entered the block until it leaves, and the index is below the count, which is at most the block's length.
            Bin* home = _block.Enter();
            if (home != null)
            {
                if ((ulong)index < (ulong)_count)
                {
                    ((T*)_block.Start)[index] = item;
                    _version++;
                    OwnedBlock.Leave(home);
                    return;
                }

                OwnedBlock.Leave(home);
            }
        }

        SetSlowly(index, item);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        unsafe
        {
            // SAFETY: this thread has entered the block until it leaves, and the block is longer than the count.
            Bin* home = _block.Enter();
            if (home != null)
            {
                long count = _count;
                if (count < _block.BorrowedLength)
                {
                    ((T*)_block.Start)[count] = item;
                    _count = count + 1;
                    OwnedBlock.Leave(home);
                    return;
                }

                OwnedBlock.Leave(home);
            }
        }

        AddSlowly(item);
    }

    /// <summary>All elements. The span does not keep the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> View()
    {
        unsafe
        {
            // SAFETY: the count is at most the length of the block at this address. Both are read while this thread has entered the block.
            Bin* home = _block.Enter();
            if (home != null)
            {
                void* start = _block.Start;
                long count = _count;
                OwnedBlock.Leave(home);
                if (count <= int.MaxValue)
                {
                    return Block.View<T>(start, (int)count);
                }
            }
        }

        return ViewSlowly();
    }

    /// <param name="index">Where the first element goes; null for the end of the list.</param>
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

    public void AddAll(IEnumerable<T> items)
    {
        if (items is NativeList<T> list)
        {
            // The list grows first: it may be its own source, and a borrowed list does not grow.
            Grow(Count + list.LongCount);
            using Borrow<T> source = list.Borrow();
            for (long start = 0; start < source.Length; start += int.MaxValue)
            {
                Insert(null, source.AsSpan(start, (int)long.Min(source.Length - start, int.MaxValue)));
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

    public void Remove(long start, long length)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        Layout.ThrowIfOutside(start, length, borrow.Count);
        borrow.Move(start + length, start);
        SetCount(borrow.Count - length);
    }

    public void Resize(long length)
    {
        if (length > Capacity)
        {
            Reserve(length);
        }

        using ListBorrow<T> borrow = BorrowPlaces();
        long possible = long.Min(length, borrow.Capacity);
        borrow.Clear(borrow.Count, possible);
        SetCount(possible);
    }

    public void Advance(int count)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, borrow.Capacity - borrow.Count);
        SetCount(borrow.Count + count);
    }

    /// <summary>Notes that elements have changed their places.</summary>
    public void Changed() => _version++;

    /// <summary>Makes room for <paramref name="needed"/> elements, and for twice the old capacity if there is memory for it.</summary>
    public void Grow(long needed)
    {
        long capacity = Capacity;
        if (needed <= capacity)
        {
            return;
        }

        // The byte count of the doubled capacity might overflow.
        long doubled = long.Min(capacity * 2, nint.MaxValue / Unsafe.SizeOf<T>());
        for (long wanted = doubled; ; wanted -= (wanted - needed + 1) / 2)
        {
            bool isTrial = BudgetLevel.SetTrial(BudgetLevel.IsTrial || needed < wanted);
            try
            {
                Reserve(long.Max(needed, wanted));
                return;
            }
            catch (OutOfMemoryException refused) when (needed < wanted)
            {
                // Half of the growth, and so on. With growth by one element, each addition would come here.
                AllocatorHooks.NoteRecovery(refused);
            }
            finally
            {
                _ = BudgetLevel.SetTrial(isTrial);
            }
        }
    }

    /// <summary>Makes room for exactly <paramref name="capacity"/> elements, or for the present ones if they are more.</summary>
    public void Reserve(long capacity)
    {
        bool isOpen = _block.TryReserve(capacity, ref _count, Unsafe.SizeOf<T>());
        _block.KeepAlive();
        if (!isOpen)
        {
            throw Disposed();
        }
    }

    /// <summary>Hands the elements over in a block of their size. The list is over afterwards.</summary>
    public OwnedBlock HandOver()
    {
        bool isOpen = _block.TryMoveUsed(ref _count, Unsafe.SizeOf<T>(), out OwnedBlock moved);
        _block.KeepAlive();
        return isOpen ? moved : throw Disposed();
    }

    public Borrow<T> Borrow()
    {
        BorrowHandle handle = BeginBorrow();
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has at least as many places as the count.
            return new Borrow<T>(handle, _block.Start, Volatile.Read(ref _count));
        }
    }

    /// <summary>Borrows the block for one of the list's members, with the places after the last element.</summary>
    public ListBorrow<T> BorrowPlaces()
    {
        BorrowHandle handle = BeginBorrow();
        unsafe
        {
            // SAFETY: the block at this address is borrowed with this handle, and has this length.
            return new ListBorrow<T>(handle, (T*)_block.Start, _block.BorrowedLength, Volatile.Read(ref _count));
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
        Pin pin = _block.TryPin(out nint first, out long capacity, isLast: true) ?? throw Disposed();
        _block.KeepAlive();
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

    /// <summary>Ends the last pin that has not ended, if there is one.</summary>
    public void UnpinLast() => _block.EndLastPin();

    /// <summary>Closes the list, and frees the block now or when its last use ends. A second call does nothing.</summary>
    public void Close()
    {
        _block.Close();
        _block.KeepAlive();
    }

    private BorrowHandle BeginBorrow()
    {
        bool isOpen = _block.TryBorrow(out BorrowHandle handle) || _block.TryBorrowSlow(out handle);
        _block.KeepAlive();
        return isOpen ? handle : throw Disposed();
    }

    /// <remarks>The caller has borrowed the block.</remarks>
    private void SetCount(long count)
    {
        Volatile.Write(ref _count, count);
        _version++;
    }

    private bool TryInsert(long? index, ReadOnlySpan<T> items, out bool overlap)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        long at = index ?? borrow.Count;
        ArgumentOutOfRangeException.ThrowIfNegative(at, nameof(index));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, borrow.Count, nameof(index));
        overlap = borrow.Overlaps(items);
        if (overlap || items.Length > borrow.Capacity - borrow.Count)
        {
            return false;
        }

        borrow.Move(at, at + items.Length);
        items.CopyTo(borrow.View(at, items.Length));
        SetCount(borrow.Count + items.Length);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryGetHere(long index, out T item)
    {
        unsafe
        {
            // SAFETY: this thread has entered the block until it leaves, and the index is below the count, which is at most the block's length.
            Bin* home = _block.Enter();
            if (home != null)
            {
                bool exists = (ulong)index < (ulong)_count;
                item = exists ? ((T*)_block.Start)[index] : default;
                OwnedBlock.Leave(home);
                return exists;
            }
        }

        item = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGetSlowly(long index, out T item)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        bool exists = (ulong)index < (ulong)borrow.Count;
        item = exists ? borrow.Element(index) : default;
        return exists;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T GetSlowly(long index)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        return borrow.Element(index);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SetSlowly(long index, T item)
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        borrow.Element(index) = item;
        _version++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSlowly(T item) => Insert(null, new ReadOnlySpan<T>(in item));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Span<T> ViewSlowly()
    {
        using ListBorrow<T> borrow = BorrowPlaces();
        return borrow.Count <= int.MaxValue ? borrow.View(0, (int)borrow.Count) : throw ThrowHelper.TooLongForMemory(borrow.Count);
    }
}
