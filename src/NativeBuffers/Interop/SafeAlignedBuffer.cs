using NativeBuffers.Allocation;

namespace NativeBuffers;

/// <summary>
/// A block that starts at a multiple of an alignment, freed by
/// <see cref="System.Runtime.InteropServices.NativeMemory.AlignedFree"/>.
/// </summary>
/// <remarks>
/// For vector registers, direct I/O and hardware. On Unix that is <c>free</c>, so that native methods may return what
/// <c>aligned_alloc</c> or <c>posix_memalign</c> gave; on Windows it is <c>_aligned_free</c>, for what <c>_aligned_malloc</c>
/// gave.
/// </remarks>
/// <example>
/// <code>
/// using var sector = SafeAlignedBuffer.Allocate(4096, alignment: 4096);
/// sector.Write(0, 42);
/// </code>
/// </example>
public sealed class SafeAlignedBuffer : SafeNativeBuffer
{
    // What an owner that was a native method's block aligns to when it grows.
    private const int AlignmentOfUnknown = 64;

    /// <summary>A handle without a block: what P/Invoke fills in when a native method returns one.</summary>
    public SafeAlignedBuffer()
        : this(AlignmentOfUnknown)
    {
    }

    private SafeAlignedBuffer(int alignment)
        : base(NativeAllocator.Aligned(alignment))
    {
    }

    /// <summary>A handle to an aligned block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a handle that is valid and has nothing to read.</param>
    /// <param name="alignment">A power of two, in bytes; a cache line unless told otherwise.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="byteCount"/> is negative, or <paramref name="alignment"/> is not a power of two.
    /// </exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeAlignedBuffer Allocate(
        long byteCount, int alignment = 64, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafeAlignedBuffer(alignment);
        buffer.AllocateBlock(byteCount, zeroed: true, file, line);
        return buffer;
    }

    /// <inheritdoc cref="Allocate(long, int, string?, int)"/>
    public static SafeAlignedBuffer Allocate(long byteCount, int alignment = 64) => Allocate(byteCount, alignment, file: null);

    /// <summary>As <see cref="Allocate(long, int, string?, int)"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate(long, int, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeAlignedBuffer AllocateUninitialized(
        long byteCount, int alignment = 64, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafeAlignedBuffer(alignment);
        buffer.AllocateBlock(byteCount, zeroed: false, file, line);
        return buffer;
    }

    /// <inheritdoc cref="AllocateUninitialized(long, int, string?, int)"/>
    public static SafeAlignedBuffer AllocateUninitialized(long byteCount, int alignment = 64) => AllocateUninitialized(byteCount, alignment, file: null);

    /// <summary>Takes an owner's block over, without copying; the owner is disposed.</summary>
    /// <param name="owner">
    /// Its block comes from <see cref="NativeAllocator.Aligned"/>, or was such a handle's. An owner that was a scoped buffer
    /// with an alignment of up to a cache line does not qualify: such buffers use the cache of
    /// <see cref="NativeAllocator.Default"/>, which has that alignment. Unchanged if this throws.
    /// </param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeAlignedBuffer FromOwner<T>(
        NativeMemoryOwner<T> owner, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        var buffer = new SafeAlignedBuffer();
        buffer.TakeBlock(owner, file, line);
        return buffer;
    }

    /// <inheritdoc cref="FromOwner{T}(NativeMemoryOwner{T}, string?, int)"/>
    public static SafeAlignedBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => FromOwner(owner, file: null);

    private protected override bool Frees(NativeAllocator allocator) => allocator is AlignedAllocator;
}
