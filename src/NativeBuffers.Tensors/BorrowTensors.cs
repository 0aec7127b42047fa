using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers;

/// <summary>Borrowed memory as a <see cref="TensorSpan{T}"/>, whose lengths have 64 bits.</summary>
public static class BorrowTensors
{
    /// <summary>All elements as a tensor with these dimensions. It cannot leave the scope of the borrow: the compiler refuses.</summary>
    /// <param name="borrow">The memory.</param>
    /// <param name="lengths">The length of each dimension; the last one changes fastest. Without lengths: one dimension of all elements.</param>
    /// <exception cref="ArgumentException">The lengths do not multiply to the number of elements.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
    public static TensorSpan<T> AsTensorSpan<T>(this in Borrow<T> borrow, params scoped ReadOnlySpan<nint> lengths)
        where T : unmanaged
    {
        ThrowIfOther(borrow.Length, lengths);
        ref T first = ref MemoryMarshal.GetReference(borrow.AsSpan(0, 0));
        unsafe
        {
            // SAFETY: the memory of a borrow does not move, has this length, and stays during the borrow, in whose scope the compiler keeps
            // the result.
            return lengths.IsEmpty
                ? new TensorSpan<T>((T*)Unsafe.AsPointer(ref first), (nint)borrow.Length)
                : new TensorSpan<T>((T*)Unsafe.AsPointer(ref first), (nint)borrow.Length, lengths);
        }
    }

    /// <summary>All elements as a tensor that cannot be written.</summary>
    /// <inheritdoc cref="AsTensorSpan{T}(in Borrow{T}, ReadOnlySpan{nint})" path="/param|/exception"/>
    public static ReadOnlyTensorSpan<T> AsTensorSpan<T>(this in ReadOnlyBorrow<T> borrow, params scoped ReadOnlySpan<nint> lengths)
        where T : unmanaged
    {
        ThrowIfOther(borrow.Length, lengths);
        ref readonly T first = ref MemoryMarshal.GetReference(borrow.AsSpan(0, 0));
        unsafe
        {
            // SAFETY: as for Borrow: the memory does not move, has this length, and outlives the result. It is not written.
            T* start = (T*)Unsafe.AsPointer(ref Unsafe.AsRef(in first));
            return lengths.IsEmpty
                ? new ReadOnlyTensorSpan<T>(start, (nint)borrow.Length)
                : new ReadOnlyTensorSpan<T>(start, (nint)borrow.Length, lengths);
        }
    }

    private static void ThrowIfOther(long length, ReadOnlySpan<nint> lengths)
    {
        if (lengths.IsEmpty)
        {
            return;
        }

        long product = 1;
        foreach (nint each in lengths)
        {
            product = checked(product * each);
        }

        if (product != length)
        {
            throw new ArgumentException($"The lengths multiply to {product:N0}, and there are {length:N0} elements.", nameof(lengths));
        }
    }
}
