using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Lists;

/// <summary>Promises of a list, whatever its elements and its allocator. An allocator joins with one line.</summary>
[CorrectProgram]
public abstract class ListContract(NativeAllocator? allocator)
{
    [Fact]
    public void Elements_of_odd_sizes_are_where_they_were_put()
    {
        Fill<One>(300_000);
        Fill<Three>(100_000);
        Fill<Twelve>(30_000);
        Fill<decimal>(20_000);
        Fill<Thousand>(600);
    }

    [Fact]
    public void Elements_survive_growth_by_ranges_trimming_and_insertion_in_front()
    {
        using var list = new NativeList<int>(0, allocator);
        List<int> model = [];
        for (int round = 0; round < 12; round++)
        {
            int[] more = [.. Enumerable.Range(round * 1000, 1 << round)];
            list.AddRange(more.AsSpan());
            model.AddRange(more);
            list.InsertRange(round, list.AsSpan(0, round));
            model.InsertRange(round, model.GetRange(0, round));
            list.TrimExcess();
            Assert.True(list.Capacity >= list.LongCount);
            list.Insert(0, -round);
            model.Insert(0, -round);
            list.RemoveRange(1, round);
            model.RemoveRange(1, round);
            Assert.Equal(model, list);
        }
    }

    [Theory]
    [InlineData(262_144)]
    [InlineData(33_554_432)]
    public void New_elements_are_zero_on_both_sides_of_the_borders_of_blocks(int border)
    {
        const int End = 65_536;
        using var list = new NativeList<byte>(0, allocator);
        foreach (int from in new[] { border - 1, border, border + 1 })
        {
            foreach (int to in new[] { border - 1, border, border + 1 })
            {
                // Both ends of the kept elements. They move as one range, and to touch all of them takes seconds.
                Range start = ..End;
                Range end = (int.Min(from, to) - End)..int.Min(from, to);
                list.Resize(from);
                list.AsSpan()[start].Fill(7);
                list.AsSpan()[(from - (2 * End))..].Fill(7);
                list.Resize(to);
                AssertKept();
                Assert.Equal(-1, list.AsSpan()[int.Min(from, to)..].IndexOfAnyExcept((byte)0));
                list.TrimExcess();
                Assert.Equal(to, list.LongCount);
                AssertKept();

                void AssertKept()
                {
                    Assert.Equal(-1, list.AsSpan()[start].IndexOfAnyExcept((byte)7));
                    Assert.Equal(-1, list.AsSpan()[end].IndexOfAnyExcept((byte)7));
                }
            }
        }
    }

    [Fact]
    public void A_list_becomes_an_owner_that_can_be_resized_and_freed()
    {
        foreach (int count in new[] { 0, 1, 50, 5000, 70_000 })
        {
            var list = new NativeList<int>(count * 3L, allocator);
            list.AddRange(Enumerable.Range(0, count));
            using NativeMemoryOwner<int> owner = list.ToOwner();
            Assert.Equal(Enumerable.Range(0, count), owner.Memory.ToArray());
            owner.Resize(count + 1000L);
            Assert.Equal([.. Enumerable.Range(0, count), .. new int[1000]], owner.Memory.ToArray());
        }
    }

    [Fact]
    public void Too_large_a_size_throws_and_leaves_the_list_unchanged()
    {
        Assert.Throws<OutOfMemoryException>(() => new NativeList<int>(1L << 50, allocator));
        foreach (int count in new[] { 0, 3, 70_000 })
        {
            using var list = new NativeList<int>(0, allocator);
            list.AddRange(Enumerable.Range(0, count));
            long capacity = list.Capacity;
            Assert.Throws<OutOfMemoryException>(() => list.EnsureCapacity(1L << 50));
            Assert.Throws<OutOfMemoryException>(() => list.Resize(1L << 50));
            Assert.Equal(capacity, list.Capacity);
            list.Add(-1);
            Assert.Equal([.. Enumerable.Range(0, count), -1], list);
        }
    }

    private void Fill<T>(int count)
        where T : unmanaged
    {
        using var list = new NativeList<T>(0, allocator);
        for (int i = 0; i < count; i++)
        {
            list.Add(At<T>(i));
        }

        list.Insert(count / 2, At<T>(-1));
        list.RemoveAt(count / 2);
        list.InsertRange(1, list.AsSpan(0, 2));
        list.RemoveRange(1, 2);
        Assert.True(list.Capacity >= count);
        for (int i = 0; i < count; i++)
        {
            Assert.True(Same(At<T>(i), list[i]), $"{typeof(T).Name} {i}");
        }

        // The last free places; the bytes after them are not the list's.
        list.Advance(checked((int)(list.Capacity - list.LongCount)));
        list[^1] = At<T>(5);
        Assert.True(Same(At<T>(5), list[^1]));

        static bool Same(T left, T right) => Bytes(ref left).SequenceEqual(Bytes(ref right));
    }

    private static T At<T>(int seed)
        where T : unmanaged
    {
        T item = default;
        if (typeof(T) == typeof(decimal))
        {
            return (T)(object)(decimal)seed;
        }

        Bytes(ref item).Fill((byte)(seed * 31));
        Bytes(ref item)[0] = (byte)(seed >> 8);
        return item;
    }

    private static Span<byte> Bytes<T>(ref T item)
        where T : unmanaged => MemoryMarshal.AsBytes(new Span<T>(ref item));

    [StructLayout(LayoutKind.Sequential, Size = 1)]
    private struct One;

    [InlineArray(3)]
    private struct Three
    {
        private byte _first;
    }

    [InlineArray(3)]
    private struct Twelve
    {
        private int _first;
    }

    [InlineArray(1000)]
    private struct Thousand
    {
        private byte _first;
    }
}
