using System.Diagnostics;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Buffers;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A block of <typeparamref name="T"/> outside the garbage-collected heap, owned by one scope.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans and references taken from it cannot leave the scope: the compiler refuses
/// (in safe code). It belongs to the thread that created it: the language guarantees that for a ref struct. A buffer
/// that was never disposed is freed when its thread has ended.</para>
/// <para>Copies of the struct are aliases of one owner. Once one of them is disposed, moved or resized, the other copies are stale:
/// their members throw <see cref="ObjectDisposedException"/>, except <see cref="Length"/>, <see cref="IsEmpty"/> and the indexers. A check
/// in the indexers would cost every loop, and a span that was taken before cannot check. So do not copy buffers: pass them by <c>ref</c>
/// or <c>in</c>, pass spans, or <see cref="Move"/>.</para>
/// <para>The compiler makes a copy to call <see cref="Resize"/>, <see cref="Move"/>, <see cref="ToOwner"/> or <see cref="Dispose()"/> on an
/// <c>in</c> parameter or a readonly field: do not call them there. The statement <c>using (buffer)</c> makes a copy, too. If a copy was
/// only resized, disposing the buffer gives the new block back.</para>
/// <para><c>default</c> is a valid empty buffer. A <c>foreach</c> over the buffer gives values. For references, write
/// <c>foreach (ref var x in buffer.AsSpan())</c>, because references through the buffer's own enumerator could leave the scope.</para>
/// </remarks>
/// <example>
/// <code>
/// using var samples = NativeBuffer.Create&lt;float&gt;(4096);
/// Fill(samples);                                 // converts to Span&lt;float&gt;
/// float first = samples[0], last = samples[^1];
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[DebuggerDisplay("Length = {Length}, IsDisposed = {IsDisposed}")]
[DebuggerTypeProxy(typeof(ElementsDebugView<>))]
[CollectionBuilder(typeof(NativeBuffer), nameof(NativeBuffer.CreateFrom))]
[NativeMarshalling(typeof(PointerMarshaller<>))]
public ref struct NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    // A span, not a pointer: the JIT removes a span's bounds checks in counted loops, and keeps hand-written ones.
    private Span<T> _span;
    private ConfinedHandle _handle;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal NativeBuffer(ConfinedHandle handle, int length)
    {
        _handle = handle;
        unsafe
        {
            // SAFETY: the handle is new, and its block has room for length elements until the handle is returned.
            _span = Block.View<T>(handle.Start, length);
        }
    }

    /// <summary>The number of elements; 0 once disposed or moved.</summary>
    public readonly int Length
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _span.Length;
    }

    /// <summary>Whether there are no elements.</summary>
    public readonly bool IsEmpty => _span.IsEmpty;

    /// <summary>Whether the memory was given back: by <see cref="Dispose()"/>, or through a copy that was disposed, moved or resized.</summary>
    /// <remarks>A buffer that was moved is not disposed but empty.</remarks>
    public readonly bool IsDisposed => _handle.IsStale;

    /// <summary>The address of the first element, for native code; valid until this buffer is disposed, moved or resized.</summary>
    /// <remarks>Safety: follow the pointer only inside the buffer's length and lifetime.</remarks>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [SuppressMessage("Naming", "CA1720", Justification = "It is one.")]
    public readonly unsafe T* Pointer => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(AsSpan()));

    /// <summary>An element.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is outside the buffer; a disposed buffer has no elements.</exception>
    public readonly ref T this[int index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _span[index];
    }

    /// <summary>An element, counted from either end.</summary>
    /// <inheritdoc cref="this[int]" path="/exception"/>
    public readonly ref T this[Index index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _span[index.GetOffset(_span.Length)];
    }

    /// <summary>All elements. The span cannot leave the buffer's scope.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> AsSpan()
    {
        if (_handle.IsStale)
        {
            ThrowDisposed();
        }

        return _span;
    }

    /// <summary>The elements from <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> AsSpan(int start) => AsSpan().Slice(start);

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    /// <inheritdoc cref="AsSpan(int)" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> AsSpan(int start, int length) => AsSpan().Slice(start, length);

    /// <summary>The elements of a range.</summary>
    /// <inheritdoc cref="AsSpan(int)" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> AsSpan(Range range) => AsSpan()[range];

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on, for ranges: <c>buffer[2..5]</c>.</summary>
    /// <inheritdoc cref="AsSpan(int)" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> Slice(int start, int length) => AsSpan().Slice(start, length);

    /// <summary>For <c>foreach</c>: the elements, by value.</summary>
    /// <returns>An enumerator that cannot leave the buffer's scope.</returns>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly NativeBufferEnumerator<T> GetEnumerator() => new(AsSpan());

    /// <summary>All elements.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Span<T>([UnscopedRef] in NativeBuffer<T> buffer) => buffer.AsSpan();

    /// <summary>All elements, to read.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator ReadOnlySpan<T>([UnscopedRef] in NativeBuffer<T> buffer) => buffer.AsSpan();

    /// <summary>For <c>fixed</c> statements: the first element, or a null reference when there is none.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    [UnscopedRef]
    public readonly ref T GetPinnableReference() => ref AsSpan().GetPinnableReference();

    /// <summary>Changes the length. Contents are kept, new elements are zero, and the block may move.</summary>
    /// <remarks>
    /// Spans and pointers taken before must not be used afterwards. Copies of this buffer count as disposed. Do not call this through
    /// an <c>in</c> parameter or a readonly field: it would resize a copy, and the buffer would count as disposed.
    /// </remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the buffer is unchanged.</exception>
    public void Resize(int length)
    {
        _ = AsSpan();
        unsafe
        {
            // SAFETY: the handle is current, and its block has room for the span's elements. So has the new handle for length elements.
            // A call by address would keep this buffer in its caller's stack frame, also in loops: so the call goes through a copy.
            ConfinedHandle handle = _handle;
            _handle = handle.Resize(_span.Length, length, sizeof(T));
            _span = Block.View<T>(_handle.Start, length);
        }
    }

    /// <summary>Hands ownership to the result. This buffer is empty afterwards, and copies of it count as disposed.</summary>
    /// <remarks>For example <c>using var mine = created.Move();</c> for a buffer that came as an <c>out</c> argument.</remarks>
    /// <exception cref="ObjectDisposedException">The memory was given back already.</exception>
    public NativeBuffer<T> Move()
    {
        _ = AsSpan();
        ConfinedHandle renewed = _handle.Renew();
        int length = _span.Length;
        this = default;
        return renewed.IsNone ? default : new NativeBuffer<T>(renewed, length);
    }

    /// <summary>Hands ownership to an object that may be stored, and used by other threads. Nothing is copied.</summary>
    /// <remarks>This buffer is empty afterwards, and copies of it count as disposed.</remarks>
    /// <returns>An owner of the same elements, which the caller must dispose.</returns>
    /// <exception cref="ObjectDisposedException">The memory was given back already.</exception>
    public NativeMemoryOwner<T> ToOwner()
    {
        _ = AsSpan();
        int length = _span.Length;
        if (_handle.IsNone)
        {
            return NativeMemoryOwner<T>.Create(length);
        }

        unsafe
        {
            // SAFETY: the handle is current, and its block has room for length elements. The new owner gets the block, this buffer loses it.
            ConfinedHandle handle = _handle;
            SharedHandle shared = SharedHandle.Take(handle);
            this = default;
            var block = new OwnedBlock(shared, length);
            block.MarkByAllocator();
            return new NativeMemoryOwner<T>(block);
        }
    }

    /// <summary>Sets all elements to zero.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public readonly void Clear() => AsSpan().Clear();

    /// <summary>Sets all elements to <paramref name="value"/>.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public readonly void Fill(T value) => AsSpan().Fill(value);

    /// <summary>Whether the buffer shares any byte with <paramref name="other"/>.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public readonly bool Overlaps(scoped ReadOnlySpan<T> other) => ((ReadOnlySpan<T>)AsSpan()).Overlaps(other);

    /// <summary>Copies all elements to the start of <paramref name="destination"/>, which may overlap.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public readonly void CopyTo(scoped Span<T> destination) => AsSpan().CopyTo(destination);

    /// <summary>An array with a copy of the elements.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public readonly T[] ToArray() => AsSpan().ToArray();

    /// <summary>Gives the memory back. A second call, on this buffer or on any copy, frees nothing.</summary>
    /// <remarks>Also gives back the block of a copy that was only resized; the compiler may have made that copy. In a process with
    /// guards or tracking, a second disposal is reported: see the page on diagnostics.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        // The stale handle stays: it tells a disposed buffer from an empty one.
        _span = default;
        _handle.Return(typeof(T));
    }

    [DoesNotReturn]
    private static void ThrowDisposed() => throw ThrowHelper.DisposedOrCopied($"{nameof(NativeBuffer)}<{typeof(T).Name}>");
}
