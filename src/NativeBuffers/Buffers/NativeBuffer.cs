using NativeBuffers.Blocks.Handles;

namespace NativeBuffers;

/// <summary>Creates scoped buffers: see <see cref="NativeBuffer{T}"/>.</summary>
/// <example>
/// <code>
/// using var squares = NativeBuffer.Create&lt;int&gt;(1000);
/// for (int i = 0; i &lt; squares.Length; i++) squares[i] = i * i;
/// </code>
/// </example>
public static class NativeBuffer
{
    /// <summary>A buffer of zeroed elements.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="allocator">The allocator of the block; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A buffer that the caller owns: declare it with <c>using</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeBuffer<T> Create<T>(
        int length, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        ConfinedHandle handle = ConfinedHandle.Open(allocator, length, Unsafe.SizeOf<T>(), zeroed: true, file, line, typeof(T));
        return new NativeBuffer<T>(handle, length);
    }

    /// <inheritdoc cref="Create{T}(int, NativeAllocator?, string?, int)"/>
    public static NativeBuffer<T> Create<T>(int length, NativeAllocator? allocator = null)
        where T : unmanaged => Create<T>(length, allocator, file: null);

    /// <summary>A buffer whose elements may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="Create{T}(int, NativeAllocator?, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeBuffer<T> CreateUninitialized<T>(
        int length, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        ConfinedHandle handle = ConfinedHandle.Open(allocator, length, Unsafe.SizeOf<T>(), zeroed: false, file, line, typeof(T));
        return new NativeBuffer<T>(handle, length);
    }

    /// <inheritdoc cref="CreateUninitialized{T}(int, NativeAllocator?, string?, int)"/>
    public static NativeBuffer<T> CreateUninitialized<T>(int length, NativeAllocator? allocator = null)
        where T : unmanaged => CreateUninitialized<T>(length, allocator, file: null);

    /// <summary>A buffer with a copy of <paramref name="source"/>.</summary>
    /// <param name="source">The elements to copy; the buffer shares no memory with them.</param>
    /// <param name="allocator">The allocator of the block; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <inheritdoc cref="Create{T}(int, NativeAllocator?, string?, int)" path="/returns"/>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeBuffer<T> CreateFrom<T>(
        scoped ReadOnlySpan<T> source, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        NativeBuffer<T> buffer = CreateUninitialized<T>(source.Length, allocator, file, line);
        source.CopyTo(buffer.AsSpan());
        return buffer;
    }

    /// <inheritdoc cref="CreateFrom{T}(ReadOnlySpan{T}, NativeAllocator?, string?, int)"/>
    public static NativeBuffer<T> CreateFrom<T>(scoped ReadOnlySpan<T> source, NativeAllocator? allocator = null)
        where T : unmanaged => CreateFrom(source, allocator, file: null);

    /// <summary>For collection expressions: <c>using NativeBuffer&lt;int&gt; buffer = [1, 2, 3];</c></summary>
    /// <inheritdoc cref="CreateFrom{T}(ReadOnlySpan{T}, NativeAllocator?, string?, int)" path="/param|/returns|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static NativeBuffer<T> CreateFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged => CreateFrom(source, allocator: null, file: null);

    /// <summary>Creates a buffer of zeroed elements; returns false instead of throwing when memory is exhausted.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="buffer">
    /// The buffer, which the caller owns; empty when the result is false. Take it over with
    /// <c>using var mine = buffer.Move();</c>: a statement <c>using (buffer)</c> would dispose a copy. CA2000 does not know
    /// <c>Move</c>: where that rule is on, dispose by <c>try</c> and <c>finally</c>.
    /// </param>
    /// <param name="allocator">The allocator of the block; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>False when memory is exhausted.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static bool TryCreate<T>(
        int length, out NativeBuffer<T> buffer, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        bool created = ConfinedHandle.TryOpen(
            allocator ?? NativeAllocator.Default, length, Unsafe.SizeOf<T>(), zeroed: true, out ConfinedHandle handle, file, line, typeof(T));
        buffer = created ? new NativeBuffer<T>(handle, length) : default;
        return created;
    }

    /// <inheritdoc cref="TryCreate{T}(int, out NativeBuffer{T}, NativeAllocator?, string?, int)"/>
    public static bool TryCreate<T>(int length, out NativeBuffer<T> buffer, NativeAllocator? allocator = null)
        where T : unmanaged => TryCreate(length, out buffer, allocator, file: null);
}
