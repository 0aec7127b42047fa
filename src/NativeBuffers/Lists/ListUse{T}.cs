using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>A list's block while one of its members works on it: it stays where it is until this is disposed.</summary>
/// <remarks>Where its pointers are followed: everything it is asked for is clamped to the block.</remarks>
internal ref struct ListUse<T> : IDisposable
    where T : unmanaged
{
    private readonly BorrowMark _mark;
    private readonly unsafe T* _start;

    /// <safety>The block is borrowed with this mark, and has room for so many elements.</safety>
    public unsafe ListUse(BorrowMark mark, T* start, long capacity, long count)
    {
        _mark = mark;
        _start = start;
        Capacity = capacity;
        Count = count;
    }

    /// <summary>How many elements there is room for.</summary>
    public long Capacity { get; }

    /// <summary>How many there were when this began.</summary>
    public long Count { get; }

    /// <summary>Throws unless there is an element at the index.</summary>
    public readonly void ThrowIfNoElement(long index)
    {
        if ((ulong)index >= (ulong)Count)
        {
            throw ThrowHelper.NoElement(nameof(index), index, Count);
        }
    }

    /// <summary>A place for an element.</summary>
    public readonly ref T Place(long index)
    {
        Layout.ThrowIfOutside(index, 1, Capacity);
        unsafe
        {
            // SAFETY: the index is inside the block, which stays while this lasts.
            return ref _start[index];
        }
    }

    /// <summary>Places for elements.</summary>
    public readonly Span<T> View(long start, int length)
    {
        Layout.ThrowIfOutside(start, length, Capacity);
        unsafe
        {
            // SAFETY: the range is inside the block.
            return Block.View<T>(_start + start, length);
        }
    }

    /// <summary>Moves the elements from one place on to another, as many as there are.</summary>
    public readonly void Move(long from, long to)
    {
        long length = Count - from;
        if (length > 0 && from != to)
        {
            Layout.ThrowIfOutside(to, length, Capacity);
            unsafe
            {
                // SAFETY: both ranges are inside the block; MemoryCopy lets them overlap.
                Buffer.MemoryCopy(_start + from, _start + to, (Capacity - to) * sizeof(T), length * sizeof(T));
            }
        }
    }

    /// <summary>Sets the places from one to another, which is not cleared, to zero.</summary>
    public readonly void Clear(long from, long to)
    {
        if (from < to)
        {
            Layout.ThrowIfOutside(from, to - from, Capacity);
            unsafe
            {
                // SAFETY: the range is inside the block.
                new Block(_start, (nuint)to * (nuint)sizeof(T)).ClearFrom((nuint)from * (nuint)sizeof(T));
            }
        }
    }

    /// <summary>Whether any of these elements lies in the block.</summary>
    public readonly bool Overlaps(ReadOnlySpan<T> items)
    {
        unsafe
        {
            // SAFETY: addresses are compared, nothing is followed.
            fixed (T* first = items)
            {
                return first != null && first < _start + Capacity && _start < first + items.Length;
            }
        }
    }

    /// <summary>Lets the block be moved and freed.</summary>
    public readonly void Dispose() => _mark.End();
}
