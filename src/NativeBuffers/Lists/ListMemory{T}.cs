using System.Buffers;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>A range of a list's places as a <see cref="Memory{T}"/>.</summary>
/// <remarks>
/// It knows the address of the range in one generation of the list's block, and asks the list in any other. So a writer that asks for the span at each
/// value, such as <c>Utf8JsonWriter</c>, looks up neither the list nor the thread.
/// </remarks>
internal sealed class ListMemory<T> : MemoryManager<T>
    where T : unmanaged
{
    /// <summary>The length of all segments but the last, in elements.</summary>
    private const int SegmentLength = 1 << 30;

    private readonly NativeList<T> _list;
    private readonly long _start;
    private readonly int _length;

    // The block that the range lay in at first, and the address of the range; no slot if the range was not inside one block.
    private readonly unsafe Slot* _slot;
    private readonly unsafe T* _first;
    private readonly Generation _opened;

    public ListMemory(NativeList<T> list, long start, int length)
    {
        _list = list;
        _start = start;
        _length = length;
        unsafe
        {
            // SAFETY: the address is stored, and not followed.
            ref HomeBlock block = ref list.Core.At;
            if (block.TryRead(out nint address, out long capacity, out _opened) && start <= capacity - length)
            {
                _slot = block.Owned.Slot;
                _first = (T*)address + start;
            }
        }
    }

    /// <inheritdoc/>
    public override Memory<T> Memory => CreateMemory(_length);

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override Span<T> GetSpan()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. The range is inside the block in this generation.
            if (_slot != null && _slot->ReadGeneration().IsOpenFor(_opened))
            {
                return Block.View<T>(_first, _length);
            }
        }

        return ListShortPath.ViewPlaces(_list, _start, _length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, _length);
        return _list.Core.PinPlaces(_list, _start + elementIndex, _length - elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin() => _list.Core.UnpinLast();

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
