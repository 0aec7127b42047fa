using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Lists;

/// <summary>Lists of more elements than an <see cref="int"/> counts. Most of their pages are never touched.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class HugeListTests
{
    private const long Count = (1L << 31) + 5;

    [Fact]
    public void More_elements_than_an_int_counts_are_reached_by_long_indexes()
    {
        using NativeList<byte> list = Make();
        Assert.Equal(Count, list.LongCount);
        list[Count - 1] = 1;
        list[int.MaxValue + 1L] = 2;
        list.Add(3);
        Assert.Equal((1, 2, 3, Count + 1), (list[Count - 1], list[1L << 31], list[Count], list.LongCount));
        Assert.Equal([1, 3], list.AsSpan(Count - 1, 2).ToArray());
        Assert.Equal(2, list.AsSpan(5, int.MaxValue)[int.MaxValue - 4]);
        using (Borrow<byte> borrow = list.Borrow())
        {
            Assert.Equal((Count + 1, 3), (borrow.Length, borrow[Count]));
        }

        list.InsertRange(Count, [8, 9]);
        list.RemoveRange(Count - 1, 2);
        Assert.Equal([9, 3], list.AsSpan(Count - 1, 2).ToArray());
        list.RemoveRange(0, list.LongCount - 2);
        Assert.Equal([9, 3], list);
        list.TrimExcess();
        Assert.InRange(list.Capacity, 2, 4096);
        Assert.Equal([9, 3], list);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void A_negative_number_of_places_is_refused_however_much_room_there_is(int count)
    {
        using var list = new NativeList<byte>(5_000_000_000) { 1, 2 };
        Assert.Equal("count", Assert.Throws<ArgumentOutOfRangeException>(() => list.Advance(count)).ParamName);
        Assert.Equal("sizeHint", Assert.Throws<ArgumentOutOfRangeException>(() => list.GetSpan(count).Length).ParamName);
        Assert.Equal("sizeHint", Assert.Throws<ArgumentOutOfRangeException>(() => list.GetMemory(count)).ParamName);
        Assert.Equal(2, list.LongCount);
        list.Add(3);
        Assert.Equal([1, 2, 3], list);
    }

    [Fact]
    public void Searches_and_sequences_reach_the_last_element()
    {
        using NativeList<byte> list = Make();
        list[Count - 2] = 7;
        list[Count - 1] = 8;
        Assert.Equal(Count - 2, list.LongIndexOf(7));
        Assert.Equal(Count - 2, list.BinarySearch(7));
        Assert.Throws<OverflowException>(() => list.IndexOf(8));
        Assert.Equal((true, false), (list.Contains(8), list.Contains(9)));
        ReadOnlySequence<byte> sequence = list.AsReadOnlySequence();
        Assert.Equal(Count, sequence.Length);
        Assert.Equal([0, 7, 8], sequence.Slice(Count - 3).ToArray());
        Assert.Equal(7, sequence.Slice(Count - 2).FirstSpan[0]);
        long length = 0;
        foreach (ReadOnlyMemory<byte> part in sequence)
        {
            length += part.Span.Length;
        }

        Assert.Equal(Count, length);
        Assert.True(list.Remove(7));
        Assert.Equal(8, list[Count - 2]);
    }

    [Fact]
    public void Members_that_count_in_32_bits_throw_beyond_them()
    {
        using NativeList<byte> list = Make();
        Assert.Throws<OverflowException>(() => list.Count);
        Assert.Throws<InvalidOperationException>(() => ((ICollection<byte>)list).Count);
        Assert.Throws<InvalidOperationException>(() => ((IReadOnlyCollection<byte>)list).Count);
        Assert.Throws<InvalidOperationException>(() => list.AsSpan().Length);
        Assert.Throws<InvalidOperationException>(() => list.Sort());
        Assert.ThrowsAny<ArgumentException>(() => list.CopyTo(new byte[10]));
        Assert.Equal(int.MaxValue, list.AsSpan(5, int.MaxValue).Length);
        list.Add(1);
        using NativeMemoryOwner<byte> owner = list.ToOwner();
        Assert.Equal(Count + 1, owner.Length);
        using Borrow<byte> borrow = owner.Borrow();
        Assert.Equal(1, borrow[Count]);
    }

    [Fact]
    public void Growth_beyond_an_int_keeps_elements_and_leaves_room_for_more()
    {
        using var list = new NativeList<byte>(int.MaxValue);
        list.Resize(int.MaxValue);
        list[0] = 1;
        list[^1] = 2;
        list.Resize(list.Capacity);
        list.Add(3);
        Assert.Equal((1, 2, 3), (list[0], list[int.MaxValue - 1L], list[list.LongCount - 1]));
        Assert.InRange(list.Capacity, 2L * int.MaxValue, 3L * int.MaxValue);
        Assert.InRange(list.GetSpan(1_000_000).Length, 1_000_000, int.MaxValue);
        Assert.InRange(list.GetMemory(1_000_000).Length, 1_000_000, int.MaxValue);
        list.Advance(1_000_000);
    }

    [Fact]
    [SuppressMessage("Performance", "CA1829", Justification = "What people write.")]
    [SuppressMessage("Performance", "CA1860", Justification = "What people write.")]
    public void Linq_gets_the_name_of_the_member_to_use_and_works_on_an_iterator()
    {
        using NativeList<byte> list = Make();
        list[0] = 7;
        Action[] uses =
        [
            () => _ = ((ICollection<byte>)list).Count, () => _ = list.Any(), () => _ = list.Take(3).ToList(), () => _ = list.Last(),
            () => _ = list.Count(), () => _ = list.ToArray(),
        ];
        Assert.All(uses, use =>
        {
            string message = Assert.Throws<InvalidOperationException>(use).Message;
            Assert.Contains("LongCount", message, StringComparison.Ordinal);
            Assert.DoesNotContain("span", message, StringComparison.OrdinalIgnoreCase);
        });
        Assert.Contains("LongIndexOf", Assert.Throws<OverflowException>(() => { list[Count - 1] = 8; list.IndexOf(8); }).Message, StringComparison.Ordinal);
        Assert.True(Each(list).Any());
        Assert.Equal([7, 0], Each(list).Take(2));
        Assert.Equal(7, list.Where(static _ => true).First());

        static IEnumerable<byte> Each(NativeList<byte> list)
        {
            foreach (byte item in list)
            {
                yield return item;
            }
        }
    }

    private static NativeList<byte> Make()
    {
        var list = new NativeList<byte>(Count);
        list.Resize(Count);
        return list;
    }
}
