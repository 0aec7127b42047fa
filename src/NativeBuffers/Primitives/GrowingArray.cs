namespace NativeBuffers.Primitives;

/// <summary>An array that grows at its end: for the tables that a process needs for its first buffer.</summary>
/// <remarks>
/// The code of this type is in the precompiled image of the library. The runtime has no precompiled code for a <see cref="List{T}"/> of most
/// value types, and would compile it at the start of the process. Measured: ten methods, 2 ms.
/// </remarks>
internal sealed class GrowingArray<T>
{
    private T[] _items = new T[4];

    /// <summary>The number of items.</summary>
    public int Count { get; private set; }

    /// <summary>An item, by its index below <see cref="Count"/>.</summary>
    public T this[int index] => _items[index];

    /// <summary>Makes room for one more item, so that the next <see cref="Add"/> cannot fail.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the items are unchanged.</exception>
    public void EnsureRoom()
    {
        if (Count == _items.Length)
        {
            var larger = new T[2 * Count];
            Array.Copy(_items, larger, Count);
            _items = larger;
        }
    }

    /// <summary>Adds an item at the end.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the items are unchanged.</exception>
    public void Add(T item)
    {
        EnsureRoom();
        _items[Count++] = item;
    }

    /// <summary>Removes an item. The last item takes its place.</summary>
    public void RemoveUnordered(int index)
    {
        _items[index] = _items[--Count];
        _items[Count] = default!;
    }

    /// <summary>A copy of the items.</summary>
    public T[] ToArray()
    {
        var copy = new T[Count];
        Array.Copy(_items, copy, Count);
        return copy;
    }

    /// <summary>The items, until the next change.</summary>
    public ReadOnlySpan<T> AsSpan() => new(_items, 0, Count);
}
