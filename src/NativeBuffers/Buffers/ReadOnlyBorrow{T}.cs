using System.Diagnostics;
using NativeBuffers.Buffers;

namespace NativeBuffers;

/// <summary>A <see cref="Borrow{T}"/> of memory that may be read and not written: a file mapped for reading, or protected pages.</summary>
/// <remarks>
/// Declare it with <c>using</c>. Spans and references taken from it cannot leave the scope: the compiler refuses. The remarks of
/// <see cref="Borrow{T}"/> on threads, on copies and on borrows that are never disposed apply here.
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
[DebuggerDisplay("Length = {Length}")]
[DebuggerTypeProxy(typeof(ElementsDebugView<>))]
[NativeMarshalling(typeof(PointerMarshaller<>))]
public ref struct ReadOnlyBorrow<T> : IDisposable
    where T : unmanaged
{
    private Borrow<T> _borrow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlyBorrow(Borrow<T> borrow) => _borrow = borrow;

    /// <inheritdoc cref="Borrow{T}.Length"/>
    public readonly long Length => _borrow.Length;

    /// <inheritdoc cref="Borrow{T}.Span"/>
    public readonly ReadOnlySpan<T> Span
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _borrow.Span;
    }

    /// <inheritdoc cref="Borrow{T}.this[int]"/>
    public readonly ref readonly T this[int index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[index];
    }

    /// <inheritdoc cref="Borrow{T}.this[int]"/>
    public readonly ref readonly T this[long index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[index];
    }

    /// <inheritdoc cref="Borrow{T}.this[Index]"/>
    public readonly ref readonly T this[Index index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[index];
    }

    /// <inheritdoc cref="Borrow{T}.AsSpan"/>
    [UnscopedRef]
    public readonly ReadOnlySpan<T> AsSpan(long start, int length) => _borrow.AsSpan(start, length);

    /// <inheritdoc cref="Borrow{T}.GetPinnableReference"/>
    [UnscopedRef]
    public readonly ref readonly T GetPinnableReference() => ref _borrow.GetPinnableReference();

    /// <inheritdoc cref="Borrow{T}.Slice"/>
    [UnscopedRef]
    public readonly ReadOnlyBorrow<T> Slice(long start, long length) => new(_borrow.Slice(start, length));

    /// <inheritdoc cref="Borrow{T}.Cast{TTo}()"/>
    [UnscopedRef]
    public readonly ReadOnlyBorrow<TTo> Cast<TTo>()
        where TTo : unmanaged => new(_borrow.Cast<TTo>());

    /// <inheritdoc cref="Borrow{T}.Cast{TTo}(long, long)"/>
    [UnscopedRef]
    public readonly ReadOnlyBorrow<TTo> Cast<TTo>(long start, long length)
        where TTo : unmanaged => new(_borrow.Cast<TTo>(start, length));

    /// <summary>All elements, to read.</summary>
    /// <inheritdoc cref="Borrow{T}.Span" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator ReadOnlySpan<T>([UnscopedRef] in ReadOnlyBorrow<T> borrow) => borrow.Span;

    /// <summary>The same borrow, for the debugger: its elements must not be written.</summary>
    internal readonly Borrow<T> AsBorrow() => _borrow;

    /// <inheritdoc cref="Borrow{T}.Dispose"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _borrow.Dispose();
}
