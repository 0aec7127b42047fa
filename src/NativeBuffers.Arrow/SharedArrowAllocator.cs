using System.Buffers;
using Apache.Arrow.Memory;

namespace NativeBuffers.Arrow;

/// <summary>Gives Arrow's builders memory of a writer's shared memory.</summary>
internal sealed class SharedArrowAllocator(SharedArrowWriter writer) : MemoryAllocator
{
    /// <inheritdoc/>
    protected override IMemoryOwner<byte> AllocateInternal(int length, out int bytesAllocated)
    {
        bytesAllocated = length;
        return writer.Allocate(length);
    }
}
