namespace NativeBuffers;

/// <summary>
/// A block of <see cref="System.Runtime.InteropServices.Marshal.AllocHGlobal(nint)"/>, freed by
/// <see cref="System.Runtime.InteropServices.Marshal.FreeHGlobal"/>.
/// </summary>
/// <remarks>
/// The system's <c>LocalAlloc</c> and <c>LocalFree</c> on Windows, the C library elsewhere. For native methods that return
/// what <c>LocalFree</c> frees, and for code that frees with <see cref="System.Runtime.InteropServices.Marshal"/>.
/// </remarks>
/// <example>
/// <code>
/// using var buffer = SafeHGlobalBuffer.Allocate(256);
/// buffer.Write(0, 42);
/// </code>
/// </example>
public sealed class SafeHGlobalBuffer : SafeNativeBuffer
{
    /// <summary>A handle without a block: what P/Invoke fills in when a native method returns one.</summary>
    public SafeHGlobalBuffer()
        : base(NativeAllocator.HGlobal)
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
    public static SafeHGlobalBuffer Allocate(
        long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafeHGlobalBuffer();
        buffer.AllocateBlock(byteCount, zeroed: true, file, line);
        return buffer;
    }

    /// <inheritdoc cref="Allocate(long, string?, int)"/>
    public static SafeHGlobalBuffer Allocate(long byteCount) => Allocate(byteCount, file: null);

    /// <summary>As <see cref="Allocate(long, string?, int)"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate(long, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeHGlobalBuffer AllocateUninitialized(
        long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var buffer = new SafeHGlobalBuffer();
        buffer.AllocateBlock(byteCount, zeroed: false, file, line);
        return buffer;
    }

    /// <inheritdoc cref="AllocateUninitialized(long, string?, int)"/>
    public static SafeHGlobalBuffer AllocateUninitialized(long byteCount) => AllocateUninitialized(byteCount, file: null);

    /// <summary>Takes an owner's block over, without copying; the owner is disposed.</summary>
    /// <param name="owner">Its block comes from <see cref="NativeAllocator.HGlobal"/>. Unchanged if this throws.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SafeHGlobalBuffer FromOwner<T>(
        NativeMemoryOwner<T> owner, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        var buffer = new SafeHGlobalBuffer();
        buffer.TakeBlock(owner, file, line);
        return buffer;
    }

    /// <inheritdoc cref="FromOwner{T}(NativeMemoryOwner{T}, string?, int)"/>
    public static SafeHGlobalBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => FromOwner(owner, file: null);
}
