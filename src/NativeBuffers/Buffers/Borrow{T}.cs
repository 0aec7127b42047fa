using System.Diagnostics;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Buffers;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>The use of memory that has another owner. The owner may be disposed at any time; the memory is freed after the borrow ends.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans and references taken from it cannot leave the scope: the compiler refuses. It
/// belongs to the thread that began it, which the language guarantees for a ref struct.</para>
/// <para>Several threads may borrow at once, and one thread several times. All borrows see the same elements: threads that read and
/// write them must synchronise. While a borrow lasts, the owner is not resized.</para>
/// <para>A borrow that is never disposed keeps the memory until its thread has ended. Copies of the struct are aliases:
/// disposing one ends all of them. They have no elements then, except through the span that a copy has kept.</para>
/// <para>A borrow costs a few plain stores, and no atomic operation. Disposal pays instead, and only when
/// another thread has borrowed. The idea is that of hazard pointers (Michael, 2004) with an asymmetric barrier.</para>
/// </remarks>
/// <example>
/// <code>
/// using var borrow = owner.Borrow();
/// foreach (ref int n in borrow.Span) n *= 2;
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[DebuggerDisplay("Length = {Length}")]
[DebuggerTypeProxy(typeof(ElementsDebugView<>))]
[NativeMarshalling(typeof(PointerMarshaller<>))]
public ref struct Borrow<T> : IDisposable
    where T : unmanaged
{
    // All elements, or the first int.MaxValue of them.
    private Span<T> _span;
    private long _length;
    private readonly BorrowHandle _handle;

    /// <safety>The handle is of a borrow of the block at <paramref name="start"/>, which has <paramref name="length"/> elements.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal unsafe Borrow(BorrowHandle handle, void* start, long length)
    {
        _handle = handle;
        _length = length;
        _span = Block.View<T>(start, (int)long.Min(length, int.MaxValue));
    }

    /// <summary>The number of elements; 0 once disposed.</summary>
    public readonly long Length => _length;

    /// <summary>Whether the borrow goes on, or is the valid empty one.</summary>
    internal readonly bool IsActive
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _handle.IsActive || _handle.IsNone;
    }

    /// <summary>All elements. The span cannot leave the borrow's scope.</summary>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements: use <see cref="AsSpan"/>.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    public readonly Span<T> Span
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ThrowIfEnded();
            if (_length != _span.Length)
            {
                ThrowTooLong(_length);
            }

            return _span;
        }
    }

    /// <summary>An element.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is outside; a borrow that has ended has no elements.</exception>
    public readonly ref T this[int index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _span[index];
    }

    /// <inheritdoc cref="this[int]"/>
    public readonly ref T this[long index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)index >= (ulong)_length)
            {
                ThrowOutside(index, _length);
            }

            // SAFETY: the span's reference is the first of _length elements in a row, and the index is below that.
            return ref Unsafe.Add(ref MemoryMarshal.GetReference(_span), (nint)index);
        }
    }

    /// <summary>An element, counted from either end.</summary>
    /// <inheritdoc cref="this[int]" path="/exception"/>
    public readonly ref T this[Index index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref this[index.IsFromEnd ? _length - index.Value : index.Value];
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on: also of more than a span can have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    [UnscopedRef]
    public readonly Span<T> AsSpan(long start, int length)
    {
        ThrowIfEnded();
        Layout.ThrowIfOutside(start, length, _length);
        return MemoryMarshal.CreateSpan(ref Unsafe.Add(ref MemoryMarshal.GetReference(_span), (nint)start), length);
    }

    /// <summary>For <c>fixed</c> statements: the first element, or a null reference if there is none.</summary>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    [UnscopedRef]
    public readonly ref T GetPinnableReference()
    {
        ThrowIfEnded();
        return ref _span.GetPinnableReference();
    }

    /// <summary>Part of the elements, also more than a span can have. It cannot leave the borrow's scope.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <returns>A view of the same memory. Its disposal does not end the borrow.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    [UnscopedRef]
    public readonly Borrow<T> Slice(long start, long length)
    {
        Layout.ThrowIfOutside(start, length, _length);
        unsafe
        {
            // SAFETY: the range is inside the memory, which stays during the borrow. The compiler keeps the result in the borrow's scope.
            return new Borrow<T>(default, (T*)StartOfView() + start, length);
        }
    }

    /// <summary>All elements, seen as elements of another type. They cannot leave the borrow's scope.</summary>
    /// <remarks>
    /// Every bit pattern must be a value of both types, and neither may have padding: numbers, <see cref="char"/>, enumerations, vectors, and
    /// structs of these. <see cref="bool"/> and <see cref="DateTime"/> are not such types. Bytes have the order of the processor.
    /// </remarks>
    /// <typeparam name="TTo">The type of the elements of the result.</typeparam>
    /// <returns>A view of the same memory. Its disposal does not end the borrow.</returns>
    /// <exception cref="ArgumentException">The memory is no whole number of such elements, or is not aligned for them.</exception>
    /// <exception cref="NotSupportedException">Some bit pattern is no value of one of the types, or it has padding.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended, perhaps through a copy.</exception>
    [UnscopedRef]
    public readonly Borrow<TTo> Cast<TTo>()
        where TTo : unmanaged => Cast<TTo>(0, _length);

    /// <summary>Part of the elements, seen as elements of another type. They cannot leave the borrow's scope.</summary>
    /// <inheritdoc cref="Cast{TTo}()" path="/remarks|/typeparam|/returns|/exception"/>
    /// <param name="start">In elements of this borrow.</param>
    /// <param name="length">In elements of this borrow.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    [UnscopedRef]
    public readonly Borrow<TTo> Cast<TTo>(long start, long length)
        where TTo : unmanaged
    {
        BitPattern<T>.ThrowIfRestricted();
        BitPattern<TTo>.ThrowIfRestricted();
        Layout.ThrowIfOutside(start, length, _length);
        unsafe
        {
            // SAFETY: the result has the bytes of the range, which is inside the borrowed memory. That stays during the borrow, and the
            // compiler keeps the result in its scope.
            T* first = (T*)StartOfView() + start;
            long byteCount = length * sizeof(T);
            if (byteCount % sizeof(TTo) != 0)
            {
                throw ThrowHelper.NotWholeElements(nameof(TTo), byteCount, sizeof(TTo));
            }

            return (nuint)first % (nuint)AlignmentOf<TTo>.Value == 0
                ? new Borrow<TTo>(default, first, byteCount / sizeof(TTo))
                : throw ThrowHelper.NotAligned(nameof(TTo), (nuint)first, AlignmentOf<TTo>.Value);
        }
    }

    /// <summary>All elements.</summary>
    /// <inheritdoc cref="Span" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Span<T>([UnscopedRef] in Borrow<T> borrow) => borrow.Span;

    /// <summary>All elements, to read.</summary>
    /// <inheritdoc cref="Span" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator ReadOnlySpan<T>([UnscopedRef] in Borrow<T> borrow) => borrow.Span;

    /// <summary>Ends the borrow. A second call, on this value or on any copy, does nothing.</summary>
    /// <remarks>If the owner was disposed during the borrow, the end of the last use frees the memory.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        _span = default;
        _length = 0;
        _handle.End();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void ThrowIfEnded()
    {
        if (!IsActive)
        {
            ThrowDisposed();
        }
    }

    /// <safety>The memory of a borrow does not move. Use the address inside the borrow's length and scope.</safety>
    private readonly unsafe void* StartOfView()
    {
        ThrowIfEnded();
        return Unsafe.AsPointer(ref MemoryMarshal.GetReference(_span));
    }

    [DoesNotReturn]
    [SuppressMessage("Usage", "CA2201", Justification = "The platform's spans throw it.")]
    private static void ThrowOutside(long index, long length) =>
        throw new IndexOutOfRangeException(ThrowHelper.NoElement(nameof(index), index, length).Message);

    [DoesNotReturn]
    private static void ThrowDisposed() => throw ThrowHelper.Ended($"{nameof(Borrow<>)}<{typeof(T).Name}>");

    [DoesNotReturn]
    private static void ThrowTooLong(long length) => throw ThrowHelper.TooLongForMemory(length);
}
