namespace NativeBuffers;

/// <summary>Enumerates a <see cref="NativeMemoryOwner{T}"/> by value, for one <c>foreach</c>, which borrows the owner.</summary>
/// <remarks>
/// The borrow ends with the loop, also if an exception leaves the loop. For references, write <c>foreach (ref var x in borrow.Span)</c>.
/// Without a <c>foreach</c>, call <see cref="Dispose"/>.
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
public ref struct NativeMemoryOwnerEnumerator<T> : IDisposable
    where T : unmanaged
{
    private Borrow<T> _borrow;
    private long _index;

    internal NativeMemoryOwnerEnumerator(Borrow<T> borrow)
    {
        _borrow = borrow;
        _index = -1;
    }

    /// <summary>The current element.</summary>
    /// <exception cref="IndexOutOfRangeException">There is none: before the first one, after the last one, or after the end of the borrow.</exception>
    public readonly T Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _borrow[_index];
    }

    /// <summary>Moves to the next element; false after the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext() => ++_index < _borrow.Length;

    /// <summary>Ends the borrow.</summary>
    public void Dispose() => _borrow.Dispose();
}
