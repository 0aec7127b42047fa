using System.Buffers;

namespace NativeBuffers.Lists;

/// <summary>A range of a list's places as a <see cref="Memory{T}"/>. It asks the list for their address at each use.</summary>
internal sealed class ListMemory<T>(NativeList<T> list, long start, int length) : MemoryManager<T>
    where T : unmanaged
{
    /// <summary>The length of all segments but the last, in elements.</summary>
    private const int SegmentLength = 1 << 30;

    /// <inheritdoc/>
    public override Memory<T> Memory => CreateMemory(length);

    /// <summary>The first elements of a list.</summary>
    public static ReadOnlySequence<T> Sequence(NativeList<T> list, long count)
    {
        var first = new Segment(list, 0, count, before: null);
        Segment last = first;
        for (long start = SegmentLength; start < count; start += SegmentLength)
        {
            last = new Segment(list, start, count, before: last);
        }

        return new ReadOnlySequence<T>(first, 0, last, last.Memory.Length);
    }

    /// <inheritdoc/>
    public override Span<T> GetSpan() => ListShortPath.ViewPlaces(list, start, length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return list.Core.PinPlaces(list, start + elementIndex, length - elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin() => list.Core.UnpinLast();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The list owns the memory.
    }

    private sealed class Segment : ReadOnlySequenceSegment<T>
    {
        public Segment(NativeList<T> list, long start, long count, Segment? before)
        {
            RunningIndex = start;
            Memory = new ListMemory<T>(list, start, (int)long.Min(count - start, SegmentLength)).Memory;
            before?.Next = this;
        }
    }
}
