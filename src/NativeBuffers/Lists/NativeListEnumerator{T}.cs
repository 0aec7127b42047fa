using System.Collections;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Enumerates a <see cref="NativeList{T}"/> by value.</summary>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Enumerators are not compared.")]
public struct NativeListEnumerator<T> : IEnumerator<T>
    where T : unmanaged
{
    private readonly NativeList<T>? _list;
    private readonly (long Count, long Version) _edition;
    private long _next;

    internal NativeListEnumerator(NativeList<T> list)
    {
        _list = list;
        _edition = list.Core.Edition;
    }

    /// <summary>The current element.</summary>
    public T Current { get; private set; }

    readonly object IEnumerator.Current => Current;

    /// <summary>Moves to the next element; false after the last one.</summary>
    /// <exception cref="InvalidOperationException">The list was changed since the enumeration began.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public bool MoveNext()
    {
        if (_list is null)
        {
            // The default value has no list.
            return false;
        }

        bool moved = _list.Core.Edition == _edition ? _list.Core.TryGet(_next, out T item) : throw ThrowHelper.Changed();
        Current = item;
        _next += moved ? 1 : 0;
        return moved;
    }

    /// <summary>Moves before the first element.</summary>
    public void Reset() => _next = 0;

    /// <summary>Does nothing.</summary>
    public readonly void Dispose()
    {
    }
}
