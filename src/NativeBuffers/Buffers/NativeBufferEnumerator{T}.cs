namespace NativeBuffers;

/// <summary>Enumerates a <see cref="NativeBuffer{T}"/> by value. It cannot leave the buffer's scope.</summary>
/// <remarks>
/// If <see cref="Current"/> were a reference, the reference could leave the scope: the compiler scopes the variable of a <c>foreach</c> by the
/// buffer's value. For references, write <c>foreach (ref var x in buffer.AsSpan())</c>.
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
public ref struct NativeBufferEnumerator<T>
    where T : unmanaged
{
    private readonly ReadOnlySpan<T> _elements;
    private int _index;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal NativeBufferEnumerator(ReadOnlySpan<T> elements)
    {
        _elements = elements;
        _index = -1;
    }

    /// <summary>The current element.</summary>
    /// <exception cref="IndexOutOfRangeException">The enumeration has not begun, or has ended.</exception>
    public readonly T Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _elements[_index];
    }

    /// <summary>Moves to the next element; false after the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        int index = _index + 1;
        if (index < _elements.Length)
        {
            _index = index;
            return true;
        }

        return false;
    }
}
