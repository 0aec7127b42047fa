using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>A list's block while one of the list's members works on it. The block is neither moved nor freed before this is disposed.</summary>
/// <remarks>
/// The default value is that of a list without a block. All ranges are checked against the block, because another thread may change the
/// count at the same time.
/// </remarks>
internal ref struct ListBorrow<T> : IDisposable
    where T : unmanaged
{
    private readonly BorrowHandle _handle;
    private readonly NativeList<T> _list;
    private readonly ref HomeBlock _block;
    private readonly ref long _count;
    private readonly unsafe T* _start;

    /// <safety>The block is borrowed with this handle, and starts here. The count is that of the object that has the block.</safety>
    public unsafe ListBorrow(BorrowHandle handle, NativeList<T> list, ref HomeBlock block, ref long count, T* start)
    {
        _handle = handle;
        _list = list;
        _block = ref block;
        _count = ref count;
        _start = start;
        Capacity = block.Capacity;
        Count = block.CountInside(ref count);
    }

    /// <summary>The number of places.</summary>
    public long Capacity { get; }

    /// <summary>The number of elements when this began.</summary>
    public long Count { get; }

    /// <summary>The place of an element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no element at the index.</exception>
    public readonly ref T Element(long index)
    {
        if ((ulong)index >= (ulong)Count)
        {
            throw ThrowHelper.NoElement(nameof(index), index, Count);
        }

        Layout.ThrowIfOutside(index, 1, Capacity);
        unsafe
        {
            // SAFETY: the index is inside the block, which stays while this lasts.
            return ref _start[index];
        }
    }

    /// <summary>A range of places.</summary>
    public readonly Span<T> View(long start, int length)
    {
        Layout.ThrowIfOutside(start, length, Capacity);
        unsafe
        {
            // SAFETY: the range is inside the block, which stays while this lasts.
            return Block.View<T>(_start + start, length);
        }
    }

    /// <summary>Moves all elements from one index on to another index.</summary>
    public readonly void Move(long from, long to)
    {
        long length = Count - from;
        if (length > 0 && from != to)
        {
            Layout.ThrowIfOutside(to, length, Capacity);
            unsafe
            {
                // SAFETY: both ranges are inside the block, which stays while this lasts. MemoryCopy allows an overlap.
                Buffer.MemoryCopy(_start + from, _start + to, (Capacity - to) * sizeof(T), length * sizeof(T));
            }
        }
    }

    /// <summary>Zeroes the places from one index up to another one.</summary>
    public readonly void Clear(long from, long to)
    {
        if (from < to)
        {
            Layout.ThrowIfOutside(from, to - from, Capacity);
            unsafe
            {
                // SAFETY: the range is inside the block, which stays while this lasts.
                new Block(_start, (nuint)to * (nuint)sizeof(T)).ClearFrom((nuint)from * (nuint)sizeof(T));
            }
        }
    }

    /// <summary>Whether any of these elements lies in the block.</summary>
    public readonly bool Overlaps(ReadOnlySpan<T> items)
    {
        unsafe
        {
            // SAFETY: addresses are compared, and not followed.
            fixed (T* first = items)
            {
                return first != null && first < _start + Capacity && _start < first + items.Length;
            }
        }
    }

    /// <summary>Changes the number of elements.</summary>
    public readonly void SetCount(long count)
    {
        if (!Unsafe.IsNullRef(ref _block))
        {
            Volatile.Write(ref _count, count);
            _block.Version += long.Max(Count - count, 0) + 1;
            _list.Core.NoteCount(_list);
        }
    }

    /// <summary>Notes that elements have changed.</summary>
    public readonly void NoteChange() => _block.Version++;

    /// <summary>Ends the borrow.</summary>
    public readonly void Dispose() => _handle.End();
}
