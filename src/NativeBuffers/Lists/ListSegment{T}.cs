using System.Buffers;

namespace NativeBuffers.Lists;

/// <summary>A part of a list that is not too long for a span, and what comes behind it.</summary>
internal sealed class ListSegment<T> : ReadOnlySequenceSegment<T>
    where T : unmanaged
{
    /// <summary>How long all parts but the last are, in elements.</summary>
    private const int Longest = 1 << 30;

    private ListSegment(NativeList<T> list, long start, int length)
    {
        RunningIndex = start;
        Memory = new ListMemory<T>(list, start, length).Memory;
    }

    /// <summary>The first elements of a list.</summary>
    public static ReadOnlySequence<T> Sequence(NativeList<T> list, long count)
    {
        var first = new ListSegment<T>(list, 0, (int)long.Min(count, Longest));
        ListSegment<T> last = first;
        for (long start = Longest; start < count; start += Longest)
        {
            var next = new ListSegment<T>(list, start, (int)long.Min(count - start, Longest));
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<T>(first, 0, last, last.Memory.Length);
    }
}
