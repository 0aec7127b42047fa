using System.Buffers;
using System.Diagnostics;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Buffers;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A block of <typeparamref name="T"/> rented from a <see cref="NativeMemoryPool{T}"/>: a value that fields can store.</summary>
/// <remarks>
/// <para>Dispose it once, on any thread: copies are names of one rental. After one of them is disposed, all of them throw
/// <see cref="ObjectDisposedException"/>, and disposing them gives nothing back. They never reach the block's next
/// renter. But spans taken before must not be used afterwards: a span does not know of the disposal.</para>
/// <para>All members may be called from all threads. Returning a buffer is cheapest on the thread that rented it.</para>
/// <para>A rental that is not disposed is given back after a garbage collection or two, and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>). <c>default</c> is a valid empty buffer.</para>
/// </remarks>
/// <example>
/// <code>
/// using var buffer = NativeMemoryPool&lt;byte&gt;.Shared.RentBuffer(4096);
/// int count = stream.Read(buffer.AsSpan());
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "No caller needs to know whether two values are one rental.")]
[DebuggerDisplay("Length = {Length}, IsDisposed = {IsDisposed}")]
[DebuggerTypeProxy(typeof(ElementsDebugView<>))]
[NativeMarshalling(typeof(PointerMarshaller<>))]
public readonly struct PooledBuffer<T> : IMemoryOwner<T>
    where T : unmanaged
{
    private readonly SharedHandle _handle;
    private readonly int _length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PooledBuffer(SharedHandle handle, int length)
    {
        _handle = handle;
        _length = length;
    }

    /// <summary>The number of elements, exactly as rented; 0 once disposed.</summary>
    public int Length => _handle.IsOpen ? _length : 0;

    /// <summary>Whether the buffer was given back, through this value or a copy.</summary>
    public bool IsDisposed => !_handle.IsNone && !_handle.IsOpen;

    /// <summary>All elements, for asynchronous code. While the memory is pinned, the block stays, also if the buffer is disposed.</summary>
    /// <remarks>
    /// <para>If the buffer may be disposed during input or output, use the memory of <see cref="Retain"/>. On Linux the platform's
    /// sockets and files mostly take spans and pin nothing.</para>
    /// <para>Allocates an object. The first call on another thread than the renting one also costs microseconds.</para>
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Memory<T> Memory => AsOwner() is { } owner ? owner.Memory : default;

    /// <summary>An element. The reference must not be used after the buffer was given back.</summary>
    /// <remarks>Each access checks that the buffer was not given back. In loops, take a span.</remarks>
    /// <exception cref="IndexOutOfRangeException">The index is outside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref AsSpan()[index];
    }

    /// <summary>All elements. The span must not be used after the buffer was given back.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan()
    {
        unsafe
        {
            // SAFETY: the block has room for _length elements while its generation is open, which TryView checks.
            return _handle.TryView(_length, out Span<T> span) ? span : ViewSlowly(_handle, _length);
        }
    }

    /// <summary>The elements from <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan(int start) => AsSpan().Slice(start);

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    /// <inheritdoc cref="AsSpan(int)" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan(int start, int length) => AsSpan().Slice(start, length);

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on, for ranges: <c>buffer[2..5]</c>.</summary>
    /// <inheritdoc cref="AsSpan(int)" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Slice(int start, int length) => AsSpan().Slice(start, length);

    /// <summary>All elements. The span must not be used after the buffer was given back.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Span<T>(PooledBuffer<T> buffer) => buffer.AsSpan();

    /// <summary>All elements, to read. The span must not be used after the buffer was given back.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator ReadOnlySpan<T>(PooledBuffer<T> buffer) => buffer.AsSpan();

    /// <summary>Sets all elements to zero.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public void Clear() => AsSpan().Clear();

    /// <summary>Sets all elements to <paramref name="value"/>.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public void Fill(T value) => AsSpan().Fill(value);

    /// <summary>Copies all elements to the start of <paramref name="destination"/>, which may overlap.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public void CopyTo(Span<T> destination) => AsSpan().CopyTo(destination);

    /// <summary>An array with a copy of the elements.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public T[] ToArray() => AsSpan().ToArray();

    /// <summary>Borrows the elements: no other renter gets the block before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>.</returns>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Borrow<T> Borrow() => AsOwner() is { } owner ? owner.Borrow() : default;

    /// <summary>Keeps the elements for asynchronous code, also if the buffer is disposed in between: see <see cref="NativeMemoryOwner{T}.Retain()"/>.</summary>
    /// <returns>An object that the caller disposes; until then no other renter gets the block.</returns>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public IMemoryOwner<T> Retain()
    {
        if (AsOwner() is { } owner)
        {
            return owner.Retain();
        }

        using var empty = NativeMemoryOwner<T>.Create(0);
        return empty.Retain();
    }

    /// <summary>Changes the length. Contents are kept, new elements are zero, and the block may move.</summary>
    /// <remarks>The rental goes on under the name that is returned; this value and its copies count as disposed.</remarks>
    /// <param name="length">In elements.</param>
    /// <returns>The rental, to be disposed instead of this: <c>buffer = buffer.Resize(2 * buffer.Length);</c></returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the buffer is unchanged.</exception>
    public PooledBuffer<T> Resize(int length)
    {
        if (_handle.IsNone)
        {
            SharedHandle handle = SharedHandle.Open(
                Layout.ByteCount(length, Unsafe.SizeOf<T>()),
                allocator: null,
                zeroed: true,
                file: null,
                line: 0,
                typeof(T));
            return new PooledBuffer<T>(handle, length);
        }

        unsafe
        {
            // SAFETY: the block has room for _length elements while its generation is open, which TryShare checks.
            var block = new OwnedBlock(_handle, _length);
            bool isOpen = TryShare() && block.TryResize(length, sizeof(T));
            block.KeepAlive();
            return isOpen ? new PooledBuffer<T>(block.AsHandle(), length) : throw Disposed();
        }
    }

    /// <summary>Gives the block back: now, or when its last borrow or pin ends. A second call, through any copy, does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _handle.Return();

    private NativeMemoryOwner<T>? AsOwner()
    {
        if (_handle.IsNone)
        {
            return null;
        }

        unsafe
        {
            // SAFETY: the block has room for _length elements while its generation is open, which TryShare checks.
            return TryShare()
                ? new NativeMemoryOwner<T>(new OwnedBlock(_handle, _length, _handle.Slot->Kind is SlotKind.Pooled or SlotKind.Foreign))
                : throw Disposed();
        }
    }

    /// <summary>Allows borrows and pins; false if the buffer was given back, or if this value is torn: <see cref="SharedHandle.IsKeptByCleaner"/>.</summary>
    private bool TryShare() =>
        _handle.TryShare() && _handle.IsKeptByCleaner && _handle.HasRoom((ulong)(uint)_length * (uint)Unsafe.SizeOf<T>());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<T> ViewSlowly(SharedHandle handle, int length)
    {
        if (handle.IsNone)
        {
            return default;
        }

        unsafe
        {
            // SAFETY: the block has room for length elements while its generation is open, which TryView checks.
            Span<T> span;
            Backoff backoff = default;
            while (!handle.TryView(length, out span))
            {
                if (!handle.IsOpen || !handle.HasRoom((ulong)(uint)length * (uint)sizeof(T)))
                {
                    throw Disposed();
                }

                // Another thread moves the slot to the shared state, or resizes the block.
                handle.Wait(ref backoff);
            }

            return span;
        }
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.GivenBack($"{nameof(PooledBuffer<>)}<{typeof(T).Name}>");
}
