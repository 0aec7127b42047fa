using NativeBuffers.Allocation;

namespace NativeBuffers;

/// <summary>
/// A block that starts at a multiple of an alignment, freed by
/// <see cref="System.Runtime.InteropServices.NativeMemory.AlignedFree"/>.
/// </summary>
/// <remarks>
/// <para>For vector registers, direct I/O and hardware. On Unix the free function is <c>free</c>, so native methods may return blocks of
/// <c>aligned_alloc</c> or <c>posix_memalign</c>. On Windows it is <c>_aligned_free</c>, for blocks of <c>_aligned_malloc</c>.</para>
/// <para><c>FromOwner</c> takes blocks of <see cref="NativeAllocator.Aligned"/>, and blocks that such a handle had before. It does not take
/// the block of a scoped buffer with an alignment of up to a cache line: such buffers use the cache of
/// <see cref="NativeAllocator.Default"/>, which has that alignment.</para>
/// </remarks>
/// <example>
/// <code>
/// using var sector = SafeAlignedBuffer.Allocate(4096, alignment: 4096);
/// sector.Write(0, 42);
/// </code>
/// </example>
public sealed class SafeAlignedBuffer : SafeNativeBuffer<SafeAlignedBuffer>
{
    // The alignment after growth of an owner whose block a native method returned.
    private const int AlignmentOfUnknown = 64;

    /// <summary>A handle without a block: P/Invoke makes it for a native method that returns a block.</summary>
    public SafeAlignedBuffer()
        : this(AlignmentOfUnknown)
    {
    }

    private SafeAlignedBuffer(int alignment)
        : base(NativeAllocator.Aligned(alignment))
    {
    }

    /// <summary>A handle to an aligned block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a valid handle whose block has no bytes.</param>
    /// <param name="alignment">A power of two, in bytes; without it, a cache line.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="byteCount"/> is negative, or <paramref name="alignment"/> is not a power of two.
    /// </exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeAlignedBuffer Allocate(
        long byteCount, int alignment = 64, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        AllocateIn(new SafeAlignedBuffer(alignment), byteCount, zeroed: true, file, line);

    /// <inheritdoc cref="Allocate(long, int, string?, int)"/>
    public static SafeAlignedBuffer Allocate(long byteCount, int alignment = 64) => Allocate(byteCount, alignment, file: null);

    /// <summary>A handle to an aligned block of bytes that may have any value.</summary>
    /// <inheritdoc cref="Allocate(long, int, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeAlignedBuffer AllocateUninitialized(
        long byteCount, int alignment = 64, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        AllocateIn(new SafeAlignedBuffer(alignment), byteCount, zeroed: false, file, line);

    /// <inheritdoc cref="AllocateUninitialized(long, int, string?, int)"/>
    public static SafeAlignedBuffer AllocateUninitialized(long byteCount, int alignment = 64) =>
        AllocateUninitialized(byteCount, alignment, file: null);

    private protected override bool Frees(NativeAllocator allocator) => allocator is AlignedAllocator;

    private protected override SafeAlignedBuffer Make() => new();
}
