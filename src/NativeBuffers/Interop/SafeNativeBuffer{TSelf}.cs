namespace NativeBuffers;

/// <summary>The factory methods of the handle types whose free function this library knows.</summary>
/// <typeparam name="TSelf">The handle type itself. Its constructor without parameters makes a handle without a block.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "Callers name the derived type, which is not generic.")]
public abstract class SafeNativeBuffer<TSelf> : SafeNativeBuffer
    where TSelf : SafeNativeBuffer<TSelf>, new()
{
    // Makes all handles. A constructor call by the new() constraint takes some 20 ns more each time.
    private static readonly TSelf s_maker = new();

    private protected SafeNativeBuffer(NativeAllocator allocator)
        : base(allocator)
    {
    }

    /// <summary>A handle to a block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a valid handle whose block has no bytes.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static TSelf Allocate(long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        AllocateIn(s_maker.Make(), byteCount, zeroed: true, file, line);

    /// <inheritdoc cref="Allocate(long, string?, int)"/>
    public static TSelf Allocate(long byteCount) => Allocate(byteCount, file: null);

    /// <summary>A handle to a block of bytes that may have any value.</summary>
    /// <inheritdoc cref="Allocate(long, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static TSelf AllocateUninitialized(long byteCount, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        AllocateIn(s_maker.Make(), byteCount, zeroed: false, file, line);

    /// <inheritdoc cref="AllocateUninitialized(long, string?, int)"/>
    public static TSelf AllocateUninitialized(long byteCount) => AllocateUninitialized(byteCount, file: null);

    /// <summary>Takes an owner's block over, without copying. The owner is disposed.</summary>
    /// <param name="owner">Its block comes from the allocator whose blocks this handle type frees. Unchanged if this throws.</param>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ArgumentException">The block comes from another allocator.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static TSelf FromOwner<T>(NativeMemoryOwner<T> owner, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        var buffer = s_maker.Make();
        buffer.TakeBlock(owner, file, line);
        return buffer;
    }

    /// <inheritdoc cref="FromOwner{T}(NativeMemoryOwner{T}, string?, int)"/>
    public static TSelf FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => FromOwner(owner, file: null);

    /// <summary>Makes a handle without a block.</summary>
    private protected abstract TSelf Make();

    /// <summary>Allocates the block of a new handle, and returns the handle.</summary>
    private protected static TSelf AllocateIn(TSelf buffer, long byteCount, bool zeroed, string? file, int line)
    {
        buffer.AllocateBlock(byteCount, zeroed, file, line);
        return buffer;
    }
}
