using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Lists;

/// <summary>Some places of a list as a <see cref="Memory{T}"/>: it looks up where they are each time it is asked.</summary>
internal sealed class ListMemory<T>(NativeList<T> list, long start, int length) : MemoryManager<T>
    where T : unmanaged
{
    /// <inheritdoc/>
    public override Memory<T> Memory => CreateMemory(length);

    /// <inheritdoc/>
    public override Span<T> GetSpan() => list.ViewPlaces(start, length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return list.PinPlaces(start + elementIndex, length - elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin() => list.UnpinLast();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The list owns the memory.
    }
}
