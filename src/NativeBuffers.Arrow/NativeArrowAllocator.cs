using System.Buffers;
using Apache.Arrow.Memory;

namespace NativeBuffers.Arrow;

/// <summary>Gives Apache Arrow the memory of a <see cref="NativeAllocator"/>, or memory that the collector keeps alive.</summary>
/// <remarks>
/// <para>Without an argument the memory is parts of pinned arrays. A span of an Arrow array keeps such memory: it reads the same as before, also
/// after the array was disposed, or dropped and collected. Small blocks share chunks of 64 KiB, and a chunk lives as long as one of its
/// blocks. Larger blocks are those of <see cref="NativeAllocator.PinnedHeap"/>.</para>
/// <para>With an argument each block has an owner of its own: a budget counts it, tracking lists it, guards check it, and the disposal of the
/// Arrow array frees it. A span must not be used afterwards, unless the allocator is over <see cref="NativeAllocator.PinnedHeap"/>.</para>
/// <para>Blocks begin at multiples of 64 bytes and are zero. All members may be called from all threads.</para>
/// </remarks>
/// <example>
/// <code>
/// var allocator = new NativeArrowAllocator();
/// using Int32Array numbers = new Int32Array.Builder().AppendRange([1, 2, 3]).Build(allocator);
/// </code>
/// </example>
public sealed class NativeArrowAllocator : MemoryAllocator
{
    private readonly NativeAllocator? _allocator;

    /// <summary>An allocator for Arrow's builders, readers and arrays.</summary>
    /// <param name="allocator">The source of all blocks; null for memory that the collector keeps alive.</param>
    public NativeArrowAllocator(NativeAllocator? allocator = null) => _allocator = allocator;

    /// <inheritdoc/>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, or a budget refuses.</exception>
    protected override IMemoryOwner<byte> AllocateInternal(int length, out int bytesAllocated)
    {
        if (_allocator is null && length <= PinnedChunk.LargestPart)
        {
            bytesAllocated = length;
            return PinnedChunk.Allocate(length);
        }

        ArrowBlock block = ArrowBlock.Create(length, _allocator ?? NativeAllocator.PinnedHeap, out long byteCount);
        bytesAllocated = (int)long.Min(byteCount, int.MaxValue);
        return block;
    }
}
