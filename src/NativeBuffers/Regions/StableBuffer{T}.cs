using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A buffer that grows in place, up to a length that was reserved for it: it never moves, and never copies.</summary>
/// <remarks>
/// <para>Addresses for <see cref="MaximumLength"/> elements are reserved, which costs no memory. Pages get memory as the length grows over
/// them, and lose it as the length shrinks. So the buffer can grow while it is borrowed. Such a borrow keeps the elements that existed when
/// it began.</para>
/// <para>Dispose it, or dispose the object that has it. All members may be called from all threads at any time.</para>
/// </remarks>
/// <example>
/// <code>
/// using var log = StableBuffer&lt;byte&gt;.Reserve(1L &lt;&lt; 36);
/// log.Resize(100);
/// using var first = log.Borrow();
/// log.Resize(1_000_000);                   // first stays at its address, and remains valid
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

    // All pages with elements are committed, and all bytes after the last element are zero.
    private long _length;

    private StableBuffer(NativeRegion region, long maximumLength)
    {
        _region = region;
        MaximumLength = maximumLength;
    }

    /// <summary>The number of elements; 0 after <see cref="Dispose"/>.</summary>
    public long Length => IsDisposed ? 0 : Volatile.Read(ref _length);

    /// <summary>The largest possible number of elements.</summary>
    public long MaximumLength { get; }

    /// <inheritdoc cref="NativeRegion.GrantedHugePages"/>
    public HugePages GrantedHugePages => _region.GrantedHugePages;

    /// <inheritdoc cref="NativeRegion.HugePagesRefusal"/>
    public string? HugePagesRefusal => _region.HugePagesRefusal;

    /// <summary>True after <see cref="Dispose"/>.</summary>
    public bool IsDisposed => _region.IsDisposed;

    /// <summary>Makes an empty buffer that can grow to a length.</summary>
    /// <param name="maximumLength">In elements.</param>
    /// <param name="options">Options; without them, ordinary pages.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumLength"/> is not positive, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no range of this size.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static StableBuffer<T> Reserve(
        long maximumLength, NativeRegionOptions? options = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Reserve(maximumLength, options, Host.Memory, AllocationSite.At(file, line, typeof(T)));

    /// <inheritdoc cref="Reserve(long, NativeRegionOptions?, string?, int)"/>
    public static StableBuffer<T> Reserve(long maximumLength, NativeRegionOptions? options = null) =>
        Reserve(maximumLength, options, file: null);

    /// <summary>Makes a buffer in addresses of a given system, for a given allocation site.</summary>
    internal static StableBuffer<T> Reserve(long maximumLength, NativeRegionOptions? options, SystemMemory system, AllocationSite? site = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumLength);
        return new StableBuffer<T>(NativeRegion.Reserve(BytesOf(maximumLength), options, system, site), maximumLength);
    }

    /// <summary>Changes the length. Contents are kept, nothing moves, and all new elements are zero.</summary>
    /// <remarks>The buffer can grow while it is borrowed. Shrinking gives memory back to the system, in whole pages.</remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or above <see cref="MaximumLength"/>.</exception>
    /// <exception cref="InvalidOperationException">The buffer would shrink, and is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is short, or the process may not lock more memory. The buffer is unchanged.</exception>
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

    /// <summary>Borrows all present elements: they are neither cut off nor freed before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope, and its length stays.</returns>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Borrow<T> Borrow()
    {
        if (!_region.TryBorrow(out BorrowHandle handle, out nint start))
        {
            throw Disposed();
        }

        unsafe
        {
            // SAFETY: after the borrow has begun, the length only grows, and pages are committed before it grows. So these elements are committed until
            // the borrow ends.
            return new Borrow<T>(handle, (void*)start, Volatile.Read(ref _length));
        }
    }

    /// <inheritdoc cref="NativeRegion.Dispose"/>
    public void Dispose() => _region.Dispose();

    private static long BytesOf(long length) => (long)Layout.ByteCount(length, Unsafe.SizeOf<T>());

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(StableBuffer<>)}<{typeof(T).Name}>");
}
