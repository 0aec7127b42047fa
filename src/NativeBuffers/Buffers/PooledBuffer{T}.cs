using System.Buffers;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A block of <typeparamref name="T"/> rented from a <see cref="NativeMemoryPool{T}"/>: a value that fields can store.</summary>
/// <remarks>
/// <para>Dispose it once, anywhere: copies are names of one rental. After any of them is disposed, on whichever thread,
/// all of them throw <see cref="ObjectDisposedException"/>, and disposing them gives nothing back; the block's next renter
/// cannot be reached through them. Spans taken before must not be used any more: a span does not know.</para>
/// <para>All members may be called from all threads. Returning a buffer is cheapest on the thread that rented it.</para>
/// <para>A rental that was forgotten is given back after a garbage collection or two, and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>). <c>default</c> is a valid empty buffer.</para>
/// </remarks>
/// <example>
/// <code>
/// using var buffer = NativeMemoryPool&lt;byte&gt;.Shared.RentBuffer(4096);
/// int count = stream.Read(buffer.AsSpan());
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Equal is who has the same rental; nobody needs to ask.")]
public readonly struct PooledBuffer<T> : IMemoryOwner<T>
    where T : unmanaged
{
    private readonly Hold _hold;
    private readonly int _length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PooledBuffer(Hold hold, int length)
    {
        _hold = hold;
        _length = length;
    }

    /// <summary>The number of elements, exactly as rented; 0 once disposed.</summary>
    public int Length => _hold.IsOpen ? _length : 0;

    /// <summary>Whether the buffer was given back, through this value or a copy.</summary>
    public bool IsDisposed => !_hold.IsNone && !_hold.IsOpen;

    /// <summary>All elements, for asynchronous code. While it is pinned, disposing the buffer gives the block to nobody.</summary>
    /// <remarks>
    /// <para>If the buffer may be disposed while input or output is in flight, use the memory of <see cref="Retain"/>. On Linux
    /// the platform's sockets and files pin nothing, in most cases: they take spans.</para>
    /// <para>Allocates an object; taken first on another thread than the renting one, it also costs microseconds.</para>
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Memory<T> Memory => AsOwner() is { } owner ? owner.Memory : default;

    /// <summary>All elements. The span must not be used after the buffer was given back.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan()
    {
        unsafe
        {
            // SAFETY: the pool rented the block for this length.
            return _hold.TryView(_length, out Span<T> span) ? span : ViewSlowly(_hold, _length);
        }
    }

    /// <summary>The elements from <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan(int start) => AsSpan().Slice(start);

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan(int start, int length) => AsSpan().Slice(start, length);

    /// <summary>Borrows the elements: the block is given to nobody else before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>.</returns>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Borrow<T> Borrow() => AsOwner() is { } owner ? owner.Borrow() : default;

    /// <summary>Keeps the elements for asynchronous code, whoever disposes the buffer meanwhile: see <see cref="NativeMemoryOwner{T}.Retain()"/>.</summary>
    /// <returns>An object that the caller disposes; until then the block is given to nobody else.</returns>
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
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the buffer is as it was.</exception>
    public PooledBuffer<T> Resize(int length)
    {
        if (_hold.IsNone)
        {
            Hold hold = Hold.Rent(Layout.ByteCount(length, Unsafe.SizeOf<T>()), allocator: null, zeroed: true, file: null, line: 0, typeof(T));
            return new PooledBuffer<T>(hold, length);
        }

        unsafe
        {
            // SAFETY: the pool rented the block for this length.
            var ownedBlock = new OwnedBlock(_hold, _length);
            bool isOpen = TryShare() && ownedBlock.TryResize(length, sizeof(T));
            ownedBlock.KeepAlive();
            return isOpen ? new PooledBuffer<T>(ownedBlock.AsHold(), length) : throw Disposed();
        }
    }

    /// <summary>Gives the block back: now, or when the last pin of its memory ends. Once only, through whichever copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _hold.Return();

    private NativeMemoryOwner<T>? AsOwner()
    {
        if (_hold.IsNone)
        {
            return null;
        }

        unsafe
        {
            // SAFETY: the pool rented the block for this length.
            return TryShare()
                ? new NativeMemoryOwner<T>(new OwnedBlock(_hold, _length))
                : throw Disposed();
        }
    }

    /// <summary>Lets the block be borrowed and pinned; false when the buffer was given back, or the value is put together from two.</summary>
    private bool TryShare() =>
        _hold.TryShare() && _hold.IsGuarded && _hold.HasRoom((ulong)(uint)_length * (uint)Unsafe.SizeOf<T>());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<T> ViewSlowly(Hold hold, int length)
    {
        if (hold.IsNone)
        {
            return default;
        }

        unsafe
        {
            // SAFETY: the pool rented the block for this length.
            Span<T> span;
            Backoff backoff = default;
            while (!hold.TryView(length, out span))
            {
                if (!hold.IsOpen || !hold.HasRoom((ulong)(uint)length * (uint)sizeof(T)))
                {
                    throw Disposed();
                }

                // Another thread is making the slot shared, or resizes it.
                hold.Wait(ref backoff);
            }

            return span;
        }
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.GivenBack($"{nameof(PooledBuffer<>)}<{typeof(T).Name}>");
}
