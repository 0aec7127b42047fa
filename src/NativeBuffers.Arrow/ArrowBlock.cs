using System.Buffers;
using Apache.Arrow.Memory;

namespace NativeBuffers.Arrow;

/// <summary>The memory of one Arrow buffer.</summary>
/// <param name="memory">The bytes of the buffer.</param>
/// <param name="owner">The owner of the memory; null if the disposal of the buffer frees nothing.</param>
internal sealed class ArrowBlock(Memory<byte> memory, NativeMemoryOwner<byte>? owner = null) : IMemoryOwner<byte>
{
    /// <summary>Blocks begin at multiples of this, as the format recommends.</summary>
    public const int Alignment = MemoryAllocator.DefaultAlignment;

    public Memory<byte> Memory => memory;

    /// <summary>A block of zeros with an owner of its own.</summary>
    /// <param name="length">In bytes.</param>
    /// <param name="allocator">The allocator of the owner.</param>
    /// <param name="byteCount">The size of the owner in bytes.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, or a budget refuses.</exception>
    public static ArrowBlock Create(int length, NativeAllocator allocator, out long byteCount)
    {
        // A guard with pages places the end of a block at the end of a page, so the start may be anywhere.
        byteCount = (long)length + Alignment - 1;
        NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(byteCount, allocator);
        return new ArrowBlock(owner.Slice(ToAlignment(owner), length), owner);
    }

    public void Dispose() => owner?.Dispose();

    /// <summary>The distance from the start of the block to the first multiple of <see cref="Alignment"/>.</summary>
    private static int ToAlignment(NativeMemoryOwner<byte> owner)
    {
        unsafe
        {
            // SAFETY: the address is not followed, and the block stays where it is: no other code has the owner.
            return (int)(-(nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(owner.GetSpan())) & (Alignment - 1));
        }
    }
}
