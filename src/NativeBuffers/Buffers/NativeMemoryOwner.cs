namespace NativeBuffers;

/// <summary>Creates owners for fields, async code and other threads: see <see cref="NativeMemoryOwner{T}"/>.</summary>
/// <example>
/// <code>
/// using NativeMemoryOwner&lt;float&gt; pixels = NativeMemoryOwner.Create&lt;float&gt;(1920 * 1080);
/// pixels.Fill(0.5f);
/// </code>
/// </example>
public static class NativeMemoryOwner
{
    /// <summary>An owner of zeroed elements.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="allocator">The allocator of the block; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>An owner that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeMemoryOwner<T> Create<T>(
        long length, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged => NativeMemoryOwner<T>.Create(length, allocator, file, line);

    /// <inheritdoc cref="Create{T}(long, NativeAllocator?, string?, int)"/>
    public static NativeMemoryOwner<T> Create<T>(long length, NativeAllocator? allocator = null)
        where T : unmanaged => Create<T>(length, allocator, file: null);

    /// <summary>An owner whose elements may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="Create{T}(long, NativeAllocator?, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeMemoryOwner<T> CreateUninitialized<T>(
        long length, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged => NativeMemoryOwner<T>.CreateUninitialized(length, allocator, file, line);

    /// <inheritdoc cref="CreateUninitialized{T}(long, NativeAllocator?, string?, int)"/>
    public static NativeMemoryOwner<T> CreateUninitialized<T>(long length, NativeAllocator? allocator = null)
        where T : unmanaged => CreateUninitialized<T>(length, allocator, file: null);

    /// <summary>An owner with a copy of <paramref name="source"/>.</summary>
    /// <param name="source">The elements to copy; the owner shares no memory with them.</param>
    /// <param name="allocator">The allocator of the block; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <inheritdoc cref="Create{T}(long, NativeAllocator?, string?, int)" path="/returns"/>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeMemoryOwner<T> CreateFrom<T>(
        ReadOnlySpan<T> source, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged => NativeMemoryOwner<T>.CreateFrom(source, allocator, file, line);

    /// <inheritdoc cref="CreateFrom{T}(ReadOnlySpan{T}, NativeAllocator?, string?, int)"/>
    public static NativeMemoryOwner<T> CreateFrom<T>(ReadOnlySpan<T> source, NativeAllocator? allocator = null)
        where T : unmanaged => CreateFrom(source, allocator, file: null);

    /// <summary>For collection expressions: <c>NativeMemoryOwner&lt;int&gt; owner = [1, 2, 3];</c></summary>
    /// <inheritdoc cref="CreateFrom{T}(ReadOnlySpan{T}, NativeAllocator?, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static NativeMemoryOwner<T> CreateFrom<T>(ReadOnlySpan<T> source)
        where T : unmanaged => CreateFrom(source, allocator: null, file: null);
}
