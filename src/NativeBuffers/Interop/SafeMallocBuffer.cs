namespace NativeBuffers;

/// <summary>A block of the C library: of <c>malloc</c>, <c>calloc</c>, <c>strdup</c> and their like, freed by <c>free</c>.</summary>
/// <remarks>
/// For functions that return a block which the caller frees, and for blocks that C may keep and free: give those away by
/// <see cref="System.Runtime.InteropServices.SafeHandle.SetHandleAsInvalid"/> once the call has succeeded.
/// </remarks>
/// <example>
/// <code>
/// [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
/// private static partial SafeMallocBuffer strdup(string text);
///
/// using SafeMallocBuffer copy = strdup("text");
/// copy.Initialize(5);
/// byte first = copy.Read&lt;byte&gt;(0);
/// </code>
/// </example>
public sealed class SafeMallocBuffer : SafeNativeBuffer
{
    /// <summary>A handle without a block: what P/Invoke fills in when a native method returns one.</summary>
    public SafeMallocBuffer()
        : base(NativeAllocator.Malloc)
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
    public static SafeMallocBuffer Allocate(
        long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafeMallocBuffer();
        buffer.AllocateBlock(byteCount, zeroed: true, file, line);
        return buffer;
    }

    /// <inheritdoc cref="Allocate(long, string?, int)"/>
    public static SafeMallocBuffer Allocate(long byteCount) => Allocate(byteCount, file: null);

    /// <summary>As <see cref="Allocate(long, string?, int)"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate(long, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeMallocBuffer AllocateUninitialized(
        long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafeMallocBuffer();
        buffer.AllocateBlock(byteCount, zeroed: false, file, line);
        return buffer;
    }

    /// <inheritdoc cref="AllocateUninitialized(long, string?, int)"/>
    public static SafeMallocBuffer AllocateUninitialized(long byteCount) => AllocateUninitialized(byteCount, file: null);

    /// <summary>Takes an owner's block over, without copying; the owner is disposed.</summary>
    /// <param name="owner">Its block comes from <see cref="NativeAllocator.Malloc"/>. Unchanged if this throws.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeMallocBuffer FromOwner<T>(
        NativeMemoryOwner<T> owner, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        var buffer = new SafeMallocBuffer();
        buffer.TakeBlock(owner, file, line);
        return buffer;
    }

    /// <inheritdoc cref="FromOwner{T}(NativeMemoryOwner{T}, string?, int)"/>
    public static SafeMallocBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => FromOwner(owner, file: null);
}
