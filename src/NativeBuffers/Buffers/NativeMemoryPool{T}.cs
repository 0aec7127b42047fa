using System.Buffers;
using NativeBuffers.Allocation;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Buffers;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Rents blocks of native memory, and keeps returned blocks for the next renters.</summary>
/// <remarks>
/// <para>A rented buffer holds the bytes of its last renter: clear it, or write before you read. The platform's pools
/// do the same, which makes them fast.</para>
/// <para><see cref="Shared"/> uses the caches of <see cref="NativeAllocator.Default"/>: blocks of each thread, limits, and the free
/// of idle blocks after some seconds (<see cref="NativeMemoryCache"/>). A new pool has its own allocator and its own limit. Each thread keeps
/// blocks of up to 256 KiB of it for itself, as of the default allocator.</para>
/// <para>All members may be called from all threads; buffers may be returned by any thread.</para>
/// </remarks>
/// <example>
/// <code>
/// using var buffer = NativeMemoryPool&lt;byte&gt;.Shared.RentBuffer(4096);
/// var pipe = new Pipe(new PipeOptions(pool: NativeMemoryPool&lt;byte&gt;.Shared));
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "MemoryPool<T> of the platform does so.")]
public sealed class NativeMemoryPool<T> : MemoryPool<T>
    where T : unmanaged
{
    private const int DefaultByteCount = 4096;

    /// <summary>Null for the shared pool, which uses the thread caches.</summary>
    private readonly PoolStore? _store;

    /// <summary>Null for the shared pool, and for a pool whose allocator must see the site of each rental.</summary>
    private readonly PoolHeap? _heap;

    /// <summary>A new pool. Dispose it when done; buffers that are still rented then are freed when they come back.</summary>
    /// <param name="options">The settings of the pool.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    public NativeMemoryPool(NativePoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _store = new PoolStore(options);
        _heap = _store.ReadsSites ? null : _store.Heap;
    }

    /// <summary>Frees the blocks of a pool that was never disposed. Buffers that are still rented are freed when they come back.</summary>
    ~NativeMemoryPool()
    {
        try
        {
            _store?.Close();
        }
        catch (Exception)
        {
            // A finalizer must not throw, and the program's own allocator may.
        }
    }

    private NativeMemoryPool()
    {
    }

    /// <summary>The pool of the process. Disposing it does nothing.</summary>
    public static new NativeMemoryPool<T> Shared { get; } = new();

    /// <summary>The largest buffer that <see cref="Rent(int)"/> gives, in elements.</summary>
    public override int MaxBufferSize => int.MaxValue;

    /// <summary>The bytes that the pool keeps for the next renters; a good guess while other threads rent and return.</summary>
    /// <remarks>For the shared pool, this is <see cref="NativeMemoryCache.CachedBytes"/>.</remarks>
    public long CachedBytes => _store?.CachedBytes ?? NativeMemoryCache.CachedBytes;

    /// <summary>Rents a buffer of exactly this length. Its elements may hold anything.</summary>
    /// <param name="length">In elements.</param>
    /// <returns>A value that the caller disposes, once.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PooledBuffer<T> RentBuffer(int length) => RentBuffer(length, file: null);

    /// <inheritdoc cref="RentBuffer(int)" path="/summary|/returns|/exception"/>
    /// <param name="length">In elements.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PooledBuffer<T> RentBuffer(int length, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        new(Open(length, file, line), length);

    /// <summary>Rents memory for code that takes the platform's types.</summary>
    /// <param name="minBufferSize">In elements; -1 for about 4 KiB. The memory is exactly as long.</param>
    /// <returns>An owner that the caller disposes. Pinning its memory delays its return.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="minBufferSize"/> is below -1, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public override IMemoryOwner<T> Rent(int minBufferSize = -1) => Rent(minBufferSize, file: null);

    /// <inheritdoc cref="Rent(int)" path="/summary|/returns|/exception"/>
    /// <param name="minBufferSize">In elements; -1 for about 4 KiB. The memory is exactly as long.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public IMemoryOwner<T> Rent(int minBufferSize = -1, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minBufferSize, -1);
        int length = minBufferSize == -1 ? int.Max(1, DefaultByteCount / Unsafe.SizeOf<T>()) : minBufferSize;
        unsafe
        {
            // SAFETY: the slot is this call's. The new block has room for length elements, and belongs to the new owner alone.
            Slot* own = _store is null ? null : TakeOwn(ThreadCache.Mine, length, file, line);
            SharedHandle handle = SharedHandle.OpenForOwner(own, length, sizeof(T), file, line, typeof(T));
            handle.BeginAtHome();
            return SelfCleaningOwner<T>.Make(handle, length, _store is { HasArrays: true });
        }
    }

    /// <summary>Gives all kept blocks back to the allocator, which gives them back to the system if it can.</summary>
    public void Trim()
    {
        if (_store is null)
        {
            NativeMemoryCache.Trim();
        }
        else
        {
            _store.Trim();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _store?.Close();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SharedHandle Open(int length, string? file, int line)
    {
        unsafe
        {
            // The look-up of thread-local storage is the same on each path, and comes first: so the JIT moves it out of loops.
            // SAFETY: the slot is this call's, and goes to the handle.
            Bin* bins = ThreadCache.Mine;
            Slot* own = _store is null ? null : TakeOwn(bins, length, file, line);
            return SharedHandle.Open(own, length, sizeof(T), file, line, typeof(T));
        }
    }

    /// <remarks>A thread of an instrumented flow has no bins of its own for a pool, so it finds no block on the shortest path.</remarks>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe Slot* TakeOwn(Bin* bins, int length, string? file, int line)
    {
        if (!InstrumentationSwitch.IsOn && _heap is { } heap)
        {
            Slot* slot = PoolPath.TryTakeHere(bins, heap, (ulong)(uint)length * (uint)sizeof(T));
            if (slot != null)
            {
                return slot;
            }
        }

        return TakeFurther(length, file, line);
    }

    /// <inheritdoc cref="TakeOwn"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe Slot* TakeFurther(int length, string? file, int line)
    {
        ObjectDisposedException.ThrowIf(_store!.IsClosed, this);
        nuint byteCount = Layout.ByteCount(length, sizeof(T));
        if (_heap is null || AllocatorHooks.IsOn)
        {
            return AllocatePath.Take(byteCount, _store, zeroed: false, file, line, typeof(T), out _);
        }

        Slot* slot = PoolPath.TryTake(_heap, byteCount);
        if (slot == null)
        {
            ObjectDisposedException.ThrowIf(_store.IsClosed, this);
            throw _store.RefusalOf(byteCount);
        }

        GC.KeepAlive(this);
        return slot;
    }
}
