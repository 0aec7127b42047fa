using System.Runtime.CompilerServices;
using NativeBuffers.Caches;

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
    /// <param name="allocator">Where the block comes from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <returns>A buffer that the caller owns: declare it with <c>using</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeBuffer<T> Create<T>(int length, NativeAllocator? allocator = null)
        where T : unmanaged
    {
        Lease lease = allocator is null
            ? Lease.RentZeroed(length, Unsafe.SizeOf<T>())
            : Lease.RentFrom(allocator, length, Unsafe.SizeOf<T>(), zeroed: true);
        return new NativeBuffer<T>(lease, length);
    }

    /// <summary>A buffer whose elements may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="Create{T}" path="/param|/returns|/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeBuffer<T> CreateUninitialized<T>(int length, NativeAllocator? allocator = null)
        where T : unmanaged
    {
        Lease lease = allocator is null
            ? Lease.Rent(length, Unsafe.SizeOf<T>())
            : Lease.RentFrom(allocator, length, Unsafe.SizeOf<T>(), zeroed: false);
        return new NativeBuffer<T>(lease, length);
    }

    /// <summary>A buffer with a copy of <paramref name="source"/>.</summary>
    /// <param name="source">What to copy; the buffer shares no memory with it.</param>
    /// <param name="allocator">Where the block comes from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <returns>A buffer that the caller owns: declare it with <c>using</c>.</returns>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeBuffer<T> CreateFrom<T>(scoped ReadOnlySpan<T> source, NativeAllocator? allocator = null)
        where T : unmanaged
    {
        NativeBuffer<T> buffer = CreateUninitialized<T>(source.Length, allocator);
        source.CopyTo(buffer.AsSpan());
        return buffer;
    }

    /// <summary>As <see cref="Create{T}"/>, but says so when memory is exhausted instead of throwing.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="buffer">
    /// The buffer, which the caller owns; empty when the result is false. Take it over with
    /// <c>using var mine = buffer.Move();</c>: a statement <c>using (buffer)</c> would dispose a copy.
    /// </param>
    /// <param name="allocator">Where the block comes from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <returns>False when memory is exhausted.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    public static bool TryCreate<T>(int length, out NativeBuffer<T> buffer, NativeAllocator? allocator = null)
        where T : unmanaged
    {
        bool created = Lease.TryRentFrom(
            allocator ?? NativeAllocator.Default, length, Unsafe.SizeOf<T>(), zeroed: true, out Lease lease);
        buffer = created ? new NativeBuffer<T>(lease, length) : default;
        return created;
    }
}
