using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Passes owners and borrows to C functions as pointers to their first element: <see cref="LibraryImportAttribute"/> uses it.</summary>
/// <remarks>
/// <para>Declare a parameter of the owner's type, and pass the owner. The memory of a <see cref="NativeMemoryOwner{T}"/> or a
/// <see cref="PooledBuffer{T}"/> is borrowed during the call: if another thread disposes it, it is freed after the call. An owner
/// that was disposed throws, and C is not called. A null reference is a null pointer.</para>
/// <para>A scoped buffer and a borrow stay on the thread that makes the call, so nothing is noted for them. C gets the pointer and not the
/// length: pass a length that is not larger than the owner's. C must not use the pointer after the call.</para>
/// </remarks>
/// <example>
/// <code>
/// [LibraryImport("libz.so.1")]
/// private static partial CULong crc32(CULong seed, NativeMemoryOwner&lt;byte&gt; data, uint byteCount);
///
/// using var data = NativeMemoryOwner&lt;byte&gt;.CreateFrom("some text"u8);
/// nuint sum = crc32(default, data, (uint)data.Length).Value;
/// </code>
/// </example>
/// <typeparam name="T">The type of the elements.</typeparam>
[CustomMarshaller(typeof(NativeMemoryOwner<>), MarshalMode.ManagedToUnmanagedIn, typeof(PointerMarshaller<>.OfOwner))]
[CustomMarshaller(typeof(PooledBuffer<>), MarshalMode.ManagedToUnmanagedIn, typeof(PointerMarshaller<>.OfPooled))]
[CustomMarshaller(typeof(NativeBuffer<>), MarshalMode.ManagedToUnmanagedIn, typeof(PointerMarshaller<>.OfBuffer))]
[CustomMarshaller(typeof(Borrow<>), MarshalMode.ManagedToUnmanagedIn, typeof(PointerMarshaller<>.OfBorrow))]
[CustomMarshaller(typeof(ReadOnlyBorrow<>), MarshalMode.ManagedToUnmanagedIn, typeof(PointerMarshaller<>.OfReadOnlyBorrow))]
[SuppressMessage("Design", "CA1000", Justification = "Generated code calls the members, and no program names them.")]
[SuppressMessage("Design", "CA1034", Justification = "The generator of P/Invoke code expects a type for each kind.")]
public static class PointerMarshaller<T>
    where T : unmanaged
{
    /// <summary>Borrows an owner for one call.</summary>
    public ref struct OfOwner
    {
        private unsafe BorrowRecords.Record* _record;
        private unsafe void* _start;

        /// <summary>Begins the borrow.</summary>
        /// <param name="managed">The owner, or null.</param>
        /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void FromManaged(NativeMemoryOwner<T>? managed)
        {
            if (managed is not null)
            {
                unsafe
                {
                    // SAFETY: the record keeps the owner's block, of the owner's length, until Free ends the borrow. Records are never unmapped.
                    ref OwnedBlock block = ref managed.Owned;
                    _record = block.BorrowForCall();
                    if (_record == null)
                    {
                        _record = BorrowSlowly(managed);
                    }

                    _start = block.Start;
                    GC.KeepAlive(managed);
                }
            }
        }

        /// <summary>The first element, for the call.</summary>
        /// <remarks>Safety: use the pointer inside the owner's length, and before <see cref="Free"/>.</remarks>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly unsafe T* ToUnmanaged() => (T*)_start;

        /// <summary>Ends the borrow.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Free()
        {
            unsafe
            {
                // SAFETY: FromManaged began the borrow on this thread. Generated code calls Free once.
                if (_record != null)
                {
                    BorrowHandle.EndUncopied(_record);
                }
            }
        }

        /// <summary>The record of a borrow that did not begin at once.</summary>
        /// <safety>The caller ends the borrow once, on this thread.</safety>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static unsafe BorrowRecords.Record* BorrowSlowly(NativeMemoryOwner<T> managed) =>
            managed.Owned.TryBorrowSlow(out BorrowHandle handle)
                ? handle.Record
                : throw ThrowHelper.Disposed($"{nameof(NativeMemoryOwner<>)}<{typeof(T).Name}>");
    }

    /// <summary>Borrows a rented buffer for one call.</summary>
    public ref struct OfPooled
    {
        private Borrow<T> _borrow;

        /// <summary>Begins the borrow.</summary>
        /// <param name="managed">The buffer.</param>
        /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
        public void FromManaged(PooledBuffer<T> managed) => _borrow = managed.Borrow();

        /// <inheritdoc cref="OfOwner.ToUnmanaged"/>
        public readonly unsafe T* ToUnmanaged() => OfBorrow.ConvertToUnmanaged(_borrow);

        /// <summary>Ends the borrow.</summary>
        public void Free() => _borrow.Dispose();
    }

    /// <summary>The pointer of a scoped buffer.</summary>
    public static class OfBuffer
    {
        /// <summary>The first element, for one call.</summary>
        /// <remarks>Safety: use the pointer inside the buffer's length, and before the call returns.</remarks>
        /// <param name="managed">The buffer.</param>
        /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe T* ConvertToUnmanaged(NativeBuffer<T> managed) => managed.Pointer;
    }

    /// <summary>The pointer of a borrow.</summary>
    public static class OfBorrow
    {
        /// <summary>The first element, for one call.</summary>
        /// <remarks>Safety: use the pointer inside the borrow's length, and before the call returns.</remarks>
        /// <param name="managed">The borrow.</param>
        /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe T* ConvertToUnmanaged(Borrow<T> managed) =>
            (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(managed.AsSpan(0, 0)));
    }

    /// <summary>The pointer of a borrow that may only be read.</summary>
    public static class OfReadOnlyBorrow
    {
        /// <summary>The first element, for one call of a function that does not write.</summary>
        /// <remarks>Safety: read only, inside the borrow's length, and before the call returns.</remarks>
        /// <param name="managed">The borrow.</param>
        /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe T* ConvertToUnmanaged(ReadOnlyBorrow<T> managed) =>
            (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(managed.AsSpan(0, 0)));
    }
}
