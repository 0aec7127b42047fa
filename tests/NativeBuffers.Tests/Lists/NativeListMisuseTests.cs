using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Lists;

/// <summary>Bad input, disposed lists, and lists that are changed while they are borrowed, sorted or resized.</summary>
[SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
public class NativeListMisuseTests
{
    private static readonly Action<NativeList<int>>[] s_uses =
    [
        static list => _ = list[0],
        static list => list[0] = 1,
        static list => _ = list[0L],
        static list => list[0L] = 1,
        static list => list.Add(1),
        static list => list.AddRange([1]),
        static list => list.AddRange(ReadOnlySpan<int>.Empty),
        static list => list.AddRange(new List<int> { 1 }),
        static list => list.AddRange(new List<int>()),
        static list => list.Insert(0, 1),
        static list => list.Insert(0L, 1),
        static list => list.InsertRange(0, [1]),
        static list => list.RemoveAt(0),
        static list => list.RemoveRange(0, 0),
        static list => list.Remove(1),
        static list => list.Clear(),
        static list => list.Resize(0),
        static list => list.Resize(100),
        static list => list.EnsureCapacity(0),
        static list => list.EnsureCapacity(100),
        static list => list.TrimExcess(),
        static list => _ = list.AsSpan().Length,
        static list => _ = list.AsSpan(0, 0).Length,
        static list => list.Borrow().Dispose(),
        static list => list.AsReadOnlySequence(),
        static list => list.ToOwner().Dispose(),
        static list => _ = list.GetSpan().Length,
        static list => list.GetMemory(),
        static list => list.Advance(0),
        static list => list.Sort(),
        static list => list.Sort(static (left, right) => 0),
        static list => list.BinarySearch(1),
        static list => list.IndexOf(1),
        static list => list.LongIndexOf(1),
        static list => list.Contains(1),
        static list => list.CopyTo(new int[10]),
        static list => list.CopyTo(new int[10], 0),
        static list => list.Sum(),
    ];

    public static TheoryData<int> Capacities => [0, 5, 70_000, 9_000_000];

    [Theory]
    [MemberData(nameof(Capacities))]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public void After_dispose_every_use_throws_and_nothing_is_left(int capacity)
    {
        var list = new NativeList<int>(capacity) { 1, 2, 3 };
        list.Dispose();
        AssertOver(list);
        list.Dispose();
        AssertOver(list);
    }

    [Fact]
    public void A_memory_that_reaches_beyond_a_trimmed_list_is_not_pinned()
    {
        using var list = new NativeList<byte> { 1 };
        Memory<byte> room = list.GetMemory(900_000);
        list.TrimExcess();
        Assert.Throws<ArgumentOutOfRangeException>(() => room.Pin().Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => room[10..20].Pin().Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => room.Span.Length);
        list.EnsureCapacity(1_000_000);
        using (room.Pin())
        {
            Assert.Throws<InvalidOperationException>(list.TrimExcess);
        }

        list.TrimExcess();
    }

    [Fact]
    public void After_it_became_an_owner_every_use_throws_also_when_the_owner_was_disposed()
    {
        NativeList<int> list = [1, 2, 3];
        NativeMemoryOwner<int> owner = list.ToOwner();
        AssertOver(list);
        owner.Resize(10);
        AssertOver(list);
        owner.Dispose();
        AssertOver(list);
        using NativeList<int> next = [4, 5, 6];
        AssertOver(list);
        list.Dispose();
        Assert.Equal([4, 5, 6], next);
    }

    [Fact]
    public void A_disposed_list_does_not_reach_the_list_that_has_its_block_now()
    {
        var first = new NativeList<int>(8) { 1 };
        first.Dispose();
        using var second = new NativeList<int>(8) { 2 };
        AssertOver(first);
        Assert.Equal([2], second);
    }

    [Fact]
    public void An_index_that_is_not_one_is_refused_and_changes_nothing()
    {
        using NativeList<int> list = [1, 2, 3];
        foreach (long index in new[] { -1L, 3, 4, 1000, int.MinValue, int.MaxValue, long.MinValue, long.MaxValue, 1L << 32, (1L << 61) + 1 })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => list[index]);
            Assert.Throws<ArgumentOutOfRangeException>(() => list[index] = 9);
            Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAt(index));
            Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveRange(index, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => list.AsSpan(index, 1).Length);
            if (index != 3)
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => list.Insert(index, 9));
                Assert.Throws<ArgumentOutOfRangeException>(() => list.InsertRange(index, [9, 9]));
                Assert.Throws<ArgumentOutOfRangeException>(() => list.InsertRange(index, []));
            }

            if (index is >= int.MinValue and <= int.MaxValue)
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => list[(int)index]);
                Assert.Throws<ArgumentOutOfRangeException>(() => list[(int)index] = 9);
                Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAt((int)index));
            }
        }

        foreach (long length in new[] { -1L, 3, long.MaxValue, long.MinValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveRange(1, length));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => list.AsSpan(1, 3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => list.AsSpan(1, -1).Length);
        Assert.Equal([1, 2, 3], list);
    }

    [Fact]
    public void A_size_that_is_not_one_is_refused_and_changes_nothing()
    {
        foreach (long size in new[] { -1L, long.MinValue, long.MaxValue, 1L << 61, (1L << 61) + 1, 1L << 62 })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new NativeList<int>(size));
            using NativeList<int> list = [1, 2, 3];
            Assert.Throws<ArgumentOutOfRangeException>(() => list.EnsureCapacity(size));
            Assert.Throws<ArgumentOutOfRangeException>(() => list.Resize(size));
            Assert.Equal([1, 2, 3], list);
        }

        using NativeList<int> other = [1];
        Assert.Throws<ArgumentOutOfRangeException>(() => other.GetSpan(-1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => other.GetMemory(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => other.Advance(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => other.Advance(int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => other.Advance((int)other.Capacity));
        Assert.Equal([1], other);
        other.Advance((int)other.Capacity - 1);
        Assert.Equal(other.Capacity, other.LongCount);
    }

    [Fact]
    public void Null_and_arrays_without_room_are_refused()
    {
        using NativeList<int> list = [1, 2, 3];
        Assert.Throws<ArgumentNullException>(() => list.AddRange((IEnumerable<int>)null!));
        Assert.Throws<ArgumentNullException>(() => list.CopyTo(null!, 0));
        Assert.Throws<ArgumentNullException>(() => list.Sort((Comparison<int>)null!));
        Assert.ThrowsAny<ArgumentException>(() => list.CopyTo(new int[2]));
        Assert.ThrowsAny<ArgumentException>(() => list.CopyTo(new int[5], 3));
        Assert.ThrowsAny<ArgumentException>(() => list.CopyTo(new int[5], 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => list.CopyTo(new int[5], -1));
        list.AddRange((int[])null!);
        Assert.Equal([1, 2, 3], list);
    }

    [Fact]
    public void A_comparer_that_throws_leaves_the_list_free_to_grow()
    {
        using NativeList<int> list = [3, 1, 2];
        Assert.Throws<InvalidOperationException>(() => list.Sort(static (left, right) => throw new TimeoutException()));
        Assert.Throws<InvalidOperationException>(() => list.Sort(Comparer<int>.Create(static (left, right) => throw new TimeoutException())));
        Assert.Throws<InvalidOperationException>(() => list.BinarySearch(2, Comparer<int>.Create(static (left, right) => throw new TimeoutException())));
        list.Resize(100_000);
        Assert.Equal([1, 2, 3], list.AsSpan(0, 3).ToArray().Order());
    }

    [Fact]
    public void A_comparer_that_changes_the_list_stays_inside_it()
    {
        NativeList<int> list = [.. Enumerable.Range(0, 100)];
        list.TrimExcess();
        Assert.Throws<InvalidOperationException>(
            () => list.Sort(
                (left, right) =>
                {
                    list.Resize(1_000_000);
                    return right - left;
                }));
        list.Sort(
            (left, right) =>
            {
                if (list.LongCount > 1)
                {
                    list.RemoveAt(0);
                }

                return right.CompareTo(left);
            });
        Assert.Equal(1, list.LongCount);
        list.AddRange([4, 5, 6]);
        list.Sort(
            (left, right) =>
            {
                list.Dispose();
                return left - right;
            });
        AssertOver(list);
    }

    [Fact]
    public void A_list_that_is_full_and_borrowed_or_pinned_does_not_grow_and_is_unchanged()
    {
        Action<NativeList<int>>[] growths =
        [
            static list => list.Add(1),
            static list => list.AddRange([1, 2]),
            static list => list.AddRange(new List<int> { 1, 2 }),
            static list => list.AddRange(list.AsSpan()),
            static list => list.Insert(0, 1),
            static list => list.InsertRange(1, [1]),
            static list => _ = list.GetSpan().Length,
            static list => list.GetMemory(),
            static list => list.EnsureCapacity(list.Capacity + 1),
            static list => list.Resize(list.Capacity + 1),
            static list => list.TrimExcess(),
            static list => list.ToOwner(),
        ];
        foreach (int count in new[] { 16, 65_536, 100_000, 9_000_000 })
        {
            using var list = new NativeList<int>(count);
            list.Resize(list.Capacity);
            list[^1] = 7;
            long before = list.LongCount;
            using (Borrow<int> borrow = list.Borrow())
            {
                Assert.All(growths, growth => Assert.Throws<InvalidOperationException>(() => growth(list)));
                Assert.Equal((before, before), (list.LongCount, list.Capacity));
                list[0] = 8;
                Assert.Equal((8, 7), (borrow[0], borrow[^1]));
            }

            using (list.AsReadOnlySequence().First.Pin())
            {
                Assert.All(growths, growth => Assert.Throws<InvalidOperationException>(() => growth(list)));
            }

            list.Add(9);
            Assert.Equal((8, 7, 9, before + 1), (list[0], list[before - 1], list[before], list.LongCount));
        }
    }

    [Fact]
    public void A_borrowed_list_takes_elements_while_it_has_room()
    {
        using var list = new NativeList<int>(100) { 1, 2 };
        using Borrow<int> borrow = list.Borrow();
        list.AddRange([3, 4]);
        list.Add(5);
        list.Insert(0, 0);
        list.RemoveAt(5);
        list.Resize(50);
        list.Resize(5);
        Assert.Equal([0, 1, 2, 3, 4], list);
        Assert.Equal([0, 1], borrow.Span.ToArray());
    }

    [Fact]
    public void Borrowed_elements_stay_when_the_list_is_disposed()
    {
        foreach (int capacity in new[] { 3, 100_000, 9_000_000 })
        {
            var list = new NativeList<int>(capacity) { 1, 2, 3 };
            using Borrow<int> borrow = list.Borrow();
            MemoryHandle pin = list.AsReadOnlySequence().First.Pin();
            list.Dispose();
            AssertOver(list);
            using (var other = new NativeList<int>(capacity))
            {
                other.Resize(capacity);
                other.AsSpan().Fill(-1);
            }

            Assert.Equal([1, 2, 3], borrow.Span.ToArray());
            unsafe
            {
                Assert.Equal(3, ((int*)pin.Pointer)[2]);
            }

            pin.Dispose();
        }
    }

    private static void AssertOver(NativeList<int> list)
    {
        Assert.True(list.IsDisposed);
        Assert.Equal((0, 0L, 0L), (list.Count, list.LongCount, list.Capacity));
        Assert.All(s_uses, use => Assert.Throws<ObjectDisposedException>(() => use(list)));
    }
}
