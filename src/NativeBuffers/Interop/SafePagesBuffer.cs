namespace NativeBuffers;

/// <summary>Whole pages of the operating system, unmapped when freed.</summary>
/// <remarks>
/// For large blocks that live long, and for what a native method mapped: private pages on Unix, of which <c>Initialize</c>
/// must be told the size that was mapped, because that is what is unmapped. Pages whose size nobody told stay mapped. A
/// block starts at a page; bytes are touched, and cost memory, one page at a time.
/// </remarks>
/// <example>
/// <code>
/// using var buffer = SafePagesBuffer.Allocate(1L &lt;&lt; 32);
/// buffer.Write(1UL &lt;&lt; 31, 42);
/// </code>
/// </example>
public sealed class SafePagesBuffer : SafeNativeBuffer
{
    /// <summary>A handle without a block: what P/Invoke fills in when a native method returns one.</summary>
    public SafePagesBuffer()
        : base(NativeAllocator.Pages)
    {
    }

    /// <summary>A handle to a block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a handle that is valid and has nothing to read.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafePagesBuffer Allocate(
        long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafePagesBuffer();
        buffer.AllocateBlock(byteCount, zeroed: true, file, line);
        return buffer;
    }

    /// <inheritdoc cref="Allocate(long, string?, int)"/>
    public static SafePagesBuffer Allocate(long byteCount) => Allocate(byteCount, file: null);

    /// <summary>As <see cref="Allocate(long, string?, int)"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate(long, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafePagesBuffer AllocateUninitialized(
        long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafePagesBuffer();
        buffer.AllocateBlock(byteCount, zeroed: false, file, line);
        return buffer;
    }

    /// <inheritdoc cref="AllocateUninitialized(long, string?, int)"/>
    public static SafePagesBuffer AllocateUninitialized(long byteCount) => AllocateUninitialized(byteCount, file: null);

    /// <summary>Takes an owner's block over, without copying; the owner is disposed.</summary>
    /// <param name="owner">Its block comes from <see cref="NativeAllocator.Pages"/>. Unchanged if this throws.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafePagesBuffer FromOwner<T>(
        NativeMemoryOwner<T> owner, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        var buffer = new SafePagesBuffer();
        buffer.TakeBlock(owner, file, line);
        return buffer;
    }

    /// <inheritdoc cref="FromOwner{T}(NativeMemoryOwner{T}, string?, int)"/>
    public static SafePagesBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => FromOwner(owner, file: null);
}
