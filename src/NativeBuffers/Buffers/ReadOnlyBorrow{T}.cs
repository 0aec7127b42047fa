namespace NativeBuffers;

/// <summary>As <see cref="Borrow{T}"/>, of memory that may be read and not written: a file mapped for reading, a page protected so.</summary>
/// <remarks>
/// Declare it with <c>using</c>. Spans and references taken from it cannot leave the scope: the compiler refuses. What is
/// said of <see cref="Borrow{T}"/> about threads, copies and forgetting holds here.
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
public ref struct ReadOnlyBorrow<T> : IDisposable
    where T : unmanaged
{
    private Borrow<T> _borrow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlyBorrow(Borrow<T> borrow) => _borrow = borrow;

    /// <summary>The number of elements; 0 once disposed.</summary>
    public readonly long Length => _borrow.Length;

    /// <summary>All elements. The span cannot leave the borrow's scope.</summary>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements: use <see cref="AsSpan"/>.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    public readonly ReadOnlySpan<T> Span
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _borrow.Span;
    }

    /// <summary>An element.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is outside; a borrow that has ended has no elements.</exception>
    public readonly ref readonly T this[int index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[index];
    }

    /// <summary>An element.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is outside; a borrow that has ended has no elements.</exception>
    public readonly ref readonly T this[long index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[index];
    }

    /// <summary>An element, counted from either end.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is outside; a borrow that has ended has no elements.</exception>
    public readonly ref readonly T this[Index index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[index];
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on: also of more than a span can have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    [UnscopedRef]
    public readonly ReadOnlySpan<T> AsSpan(long start, int length) => _borrow.AsSpan(start, length);

    /// <summary>All elements, to read.</summary>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator ReadOnlySpan<T>([UnscopedRef] in ReadOnlyBorrow<T> borrow) => borrow.Span;

    /// <summary>Ends the borrow. Once only: a second call, on this value or on any copy, does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _borrow.Dispose();
}
