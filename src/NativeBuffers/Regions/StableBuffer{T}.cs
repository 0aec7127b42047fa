using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A buffer that grows where it is, up to a length that was reserved for it: it never moves, and never copies.</summary>
/// <remarks>
/// <para>Addresses for <see cref="MaximumLength"/> elements are reserved, which costs no memory; pages get memory as the length
/// grows over them, and lose it as the length shrinks. So growth is possible while others borrow: they go on with the elements
/// that were there when they began.</para>
/// <para>Dispose it, or dispose what holds it. All members may be called from all threads at any time.</para>
/// </remarks>
/// <example>
/// <code>
/// using var log = StableBuffer&lt;byte&gt;.Reserve(1L &lt;&lt; 36);
/// log.Resize(100);
/// using var first = log.Borrow();
/// log.Resize(1_000_000);                   // first is where it was, and goes on
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
[SuppressMessage("Design", "CA1063", Justification = "There is no finalizer here, and nothing to derive from: Dispose is the whole pattern.")]
[SuppressMessage("Usage", "CA1816", Justification = "There is no finalizer to suppress.")]
public sealed class StableBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly NativeRegion _region;
    private readonly UninterruptedLock _resizing = new();

    // All pages that hold elements are committed, and all bytes behind the last element are zero.
    private long _length;

    private StableBuffer(NativeRegion region, long maximumLength)
    {
        _region = region;
        MaximumLength = maximumLength;
    }

    /// <summary>The number of elements; 0 once disposed.</summary>
    public long Length => IsDisposed ? 0 : Volatile.Read(ref _length);

    /// <summary>The most elements there can be.</summary>
    public long MaximumLength { get; }

    /// <summary>What the pages are like, which may be less than was asked for.</summary>
    public HugePages GrantedHugePages => _region.GrantedHugePages;

    /// <summary>Why the pages are not as asked for, in one sentence; null if they are.</summary>
    public string? HugePagesRefusal => _region.HugePagesRefusal;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => _region.IsDisposed;

    /// <summary>An empty buffer with room for so many elements.</summary>
    /// <param name="maximumLength">In elements.</param>
    /// <param name="options">What the memory is to be like.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumLength"/> is not positive, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">There are not so many addresses.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static StableBuffer<T> Reserve(
        long maximumLength, NativeRegionOptions? options = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Reserve(maximumLength, options, Host.Memory, AllocationSite.At(file, line, typeof(T)));

    /// <inheritdoc cref="Reserve(long, NativeRegionOptions?, string?, int)"/>
    public static StableBuffer<T> Reserve(long maximumLength, NativeRegionOptions? options = null) =>
        Reserve(maximumLength, options, file: null);

    /// <summary>As the other, of a system.</summary>
    internal static StableBuffer<T> Reserve(long maximumLength, NativeRegionOptions? options, SystemMemory system) =>
        Reserve(maximumLength, options, system, AllocationSite.Unknown);

    private static StableBuffer<T> Reserve(long maximumLength, NativeRegionOptions? options, SystemMemory system, AllocationSite site)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumLength);
        return new StableBuffer<T>(NativeRegion.Reserve(BytesOf(maximumLength), options, system, site), maximumLength);
    }

    /// <summary>Changes the length. Contents are kept, nothing moves, and new elements are zero: also where there were elements before.</summary>
    /// <remarks>Growing is allowed while others borrow. Shrinking gives memory back to the system, in whole pages.</remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or above <see cref="MaximumLength"/>.</exception>
    /// <exception cref="InvalidOperationException">The buffer would shrink, and is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The system has not so much memory, or does not let the process lock so much; the buffer is as it was.</exception>
    public void Resize(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaximumLength);
        using (_resizing.Enter())
        {
            long committed = _region.RoundUp(BytesOf(_length));
            try
            {
                if (length < _length)
                {
                    _region.CutOff(BytesOf(length), committed, ref _length, length);
                }
                else
                {
                    _region.Commit(committed, _region.RoundUp(BytesOf(length)) - committed);
                    Volatile.Write(ref _length, length);
                }
            }
            catch (ObjectDisposedException)
            {
                throw Disposed();
            }
        }
    }

    /// <summary>Borrows the elements that there are now: they are neither cut off nor freed before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope, and its length stays.</returns>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Borrow<T> Borrow()
    {
        if (!_region.TryBorrow(out BorrowMark mark, out nint start))
        {
            throw Disposed();
        }

        unsafe
        {
            // SAFETY: the mark came first, so from now on the length only grows; and pages are committed before it does.
            return new Borrow<T>(mark, (void*)start, Volatile.Read(ref _length));
        }
    }

    /// <summary>Lets nobody in any more, and gives addresses and memory back: now, or when the last borrow ends.</summary>
    /// <remarks>Once only: a second call does nothing, from whichever thread. Never throws.</remarks>
    public void Dispose() => _region.Dispose();

    private static long BytesOf(long length) => (long)Layout.ByteCount(length, Unsafe.SizeOf<T>());

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(StableBuffer<>)}<{typeof(T).Name}>");
}
