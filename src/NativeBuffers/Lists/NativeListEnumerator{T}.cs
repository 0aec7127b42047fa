using System.Collections;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Goes through a <see cref="NativeList{T}"/>, element by element, by value.</summary>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Nobody compares enumerators.")]
public struct NativeListEnumerator<T> : IEnumerator<T>
    where T : unmanaged
{
    private readonly NativeList<T>? _list;
    private readonly (long Count, long Version) _edition;
    private long _next;

    internal NativeListEnumerator(NativeList<T> list)
    {
        _list = list;
        _edition = list.Edition;
    }

    /// <summary>The element that <see cref="MoveNext"/> came to.</summary>
    public T Current { get; private set; }

    readonly object IEnumerator.Current => Current;

    /// <summary>Goes to the next element; false behind the last.</summary>
    /// <exception cref="InvalidOperationException">The list was changed since this began.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public bool MoveNext()
    {
        if (_list is null)
        {
            // The default value has no list.
            return false;
        }

        if (_list.Edition != _edition)
        {
            throw ThrowHelper.Changed();
        }

        bool moved = _list.TryGet(_next, out T item);
        Current = item;
        _next += moved ? 1 : 0;
        return moved;
    }

    /// <summary>Goes before the first element.</summary>
    public void Reset() => _next = 0;

    /// <summary>Does nothing.</summary>
    public readonly void Dispose()
    {
    }
}
