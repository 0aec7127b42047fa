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
    public static SafePagesBuffer Allocate(long byteCount)
    {
        var buffer = new SafePagesBuffer();
        buffer.AllocateBlock(byteCount, zeroed: true);
        return buffer;
    }

    /// <summary>As <see cref="Allocate"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate" path="/param|/returns|/exception"/>
    public static SafePagesBuffer AllocateUninitialized(long byteCount)
    {
        var buffer = new SafePagesBuffer();
        buffer.AllocateBlock(byteCount, zeroed: false);
        return buffer;
    }

    /// <summary>Takes an owner's block over, without copying; the owner is disposed.</summary>
    /// <param name="owner">Its block comes from <see cref="NativeAllocator.Pages"/>. Unchanged if this throws.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public static SafePagesBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        var buffer = new SafePagesBuffer();
        buffer.TakeBlock(owner);
        return buffer;
    }
}
