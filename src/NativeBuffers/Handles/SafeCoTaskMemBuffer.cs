namespace NativeBuffers;

/// <summary>A block of COM's task memory, freed by <see cref="System.Runtime.InteropServices.Marshal.FreeCoTaskMem"/>.</summary>
/// <remarks>
/// <c>CoTaskMemAlloc</c> and <c>CoTaskMemFree</c> on Windows, the C library elsewhere. For what COM and shell functions
/// return.
/// </remarks>
/// <example>
/// <code>
/// using var buffer = SafeCoTaskMemBuffer.Allocate(256);
/// buffer.Write(0, 42);
/// </code>
/// </example>
public sealed class SafeCoTaskMemBuffer : SafeNativeBuffer
{
    /// <summary>A handle without a block: what P/Invoke fills in when a native method returns one.</summary>
    public SafeCoTaskMemBuffer()
        : base(NativeAllocator.CoTaskMem)
    {
    }

    /// <summary>A handle to a block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a handle that is valid and has nothing to read.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static SafeCoTaskMemBuffer Allocate(long byteCount)
    {
        var buffer = new SafeCoTaskMemBuffer();
        buffer.AllocateBlock(byteCount, zeroed: true);
        return buffer;
    }

    /// <summary>As <see cref="Allocate"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate" path="/param|/returns|/exception"/>
    public static SafeCoTaskMemBuffer AllocateUninitialized(long byteCount)
    {
        var buffer = new SafeCoTaskMemBuffer();
        buffer.AllocateBlock(byteCount, zeroed: false);
        return buffer;
    }

    /// <summary>Takes an owner's block over, without copying; the owner is disposed.</summary>
    /// <param name="owner">Its block comes from <see cref="NativeAllocator.CoTaskMem"/>. Unchanged if this throws.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public static SafeCoTaskMemBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        var buffer = new SafeCoTaskMemBuffer();
        buffer.TakeBlock(owner);
        return buffer;
    }
}
