using System.Collections;

namespace NativeBuffers.Tests.Lists;

/// <summary>Each member, beside the same member of a plain list.</summary>
[CorrectProgram]
public class NativeListTests
{
    [Fact]
    public void An_empty_list_has_nothing_and_does_everything()
    {
        using var list = new NativeList<int>();
        Assert.Equal((0, 0L), (list.Count, list.LongCount));
        Assert.False(list.IsDisposed);
        Assert.True(list.AsSpan().IsEmpty);
        Assert.True(list.AsSpan(0, 0).IsEmpty);
        Assert.True(list.AsReadOnlySequence().IsEmpty);
        Assert.Empty(list);
        Assert.Equal((-1, -1L, -1L), (list.IndexOf(0), list.LongIndexOf(0), list.BinarySearch(0)));
        Assert.Equal((false, false), (list.Contains(0), list.Remove(0)));
        list.Sort();
        list.Sort(static (left, right) => left - right);
        list.Clear();
        list.TrimExcess();
        list.Resize(0);
        list.RemoveRange(0, 0);
        list.InsertRange(0, []);
        list.AddRange(ReadOnlySpan<int>.Empty);
        list.Advance(0);
        list.CopyTo([]);
        list.CopyTo(new int[3], 3);
        using Borrow<int> borrow = list.Borrow();
        Assert.Equal(0, borrow.Length);
    }

    [Fact]
    public void Initializers_and_collection_expressions_fill_a_list()
    {
        using var initialized = new NativeList<int> { 2, 3, 5 };
        using NativeList<int> expressed = [2, 3, .. initialized, 5];
        Assert.Equal([2, 3, 5], initialized);
        Assert.Equal([2, 3, 2, 3, 5, 5], expressed);
        Assert.Equal((5, 2), (initialized[^1], initialized[^3]));
    }

    [Fact]
    public void Elements_are_added_inserted_and_removed_at_every_place()
    {
        using var list = new NativeList<int>();
        List<int> model = [];
        for (int i = 0; i < 100; i++)
        {
            list.Insert(i / 2, i);
            model.Insert(i / 2, i);
            list.Insert((long)list.Count, -i);
            model.Add(-i);
            list.InsertRange(i, [7, 8, 9]);
            model.InsertRange(i, [7, 8, 9]);
            list.RemoveAt(i);
            model.RemoveAt(i);
            list.RemoveRange(list.LongCount - 2, 2);
            model.RemoveRange(model.Count - 2, 2);
        }

        Assert.Equal(model, list);
        list.RemoveAt(0L);
        Assert.Equal(model[1], list[0L]);
    }

    [Fact]
    public void Every_way_to_add_a_range_adds_it()
    {
        using var list = new NativeList<int>(2);
        list.AddRange([1, 2, 3]);
        list.AddRange(new List<int> { 4, 5 });
        list.AddRange(Enumerable.Range(6, 3).Where(static n => n > 0));
        list.AddRange(new HashSet<int> { 9 });
        list.AddRange(stackalloc int[] { 10, 11 });
        Assert.Equal(Enumerable.Range(1, 11), list);
    }

    [Fact]
    public void Another_list_is_a_range_too()
    {
        using NativeList<int> other = [.. Enumerable.Range(0, 1000)];
        using NativeList<int> list = [-1];
        list.AddRange((IEnumerable<int>)other);
        list.AddRange(other.AsSpan());
        Assert.Equal(2001, list.Count);
        Assert.Equal([-1, .. other, .. other], list);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(1000)]
    [InlineData(65_536)]
    [InlineData(70_000)]
    public void A_part_of_the_list_may_be_added_or_put_into_itself(int count)
    {
        using NativeList<int> list = [.. Enumerable.Range(0, count)];
        List<int> model = [.. list];
        list.TrimExcess();
        list.AddRange(list.AsSpan());
        model.AddRange([.. model]);
        Assert.Equal(model, list);

        list.InsertRange(1, list.AsSpan(1, count));
        model.InsertRange(1, model.GetRange(1, count));
        Assert.Equal(model, list);

        // With room after the elements, nothing moves away, but the copied elements would be moved.
        _ = list.EnsureCapacity(list.LongCount * 3);
        list.InsertRange(2, list.AsSpan(1, count));
        model.InsertRange(2, model.GetRange(1, count));
        list.InsertRange(0, list.AsSpan());
        model.InsertRange(0, [.. model]);
        list.AddRange(list.AsSpan(3, 2));
        model.AddRange(model.GetRange(3, 2));
        Assert.Equal(model, list);
    }

    [Fact]
    public void Elements_written_after_the_last_one_may_be_added()
    {
        using NativeList<int> list = [1, 2];
        Span<int> room = list.GetSpan(4);
        room[1] = 7;
        list.AddRange(room[1..2]);
        Assert.Equal([1, 2, 7], list);

        // The elements that move up overwrite it.
        room = list.GetSpan(4);
        (room[0], room[1]) = (8, 9);
        list.InsertRange(0, room[..2]);
        Assert.Equal([8, 9, 1, 2, 7], list);
    }

    [Fact]
    public void Resizing_takes_from_the_end_or_adds_zeroes_whatever_was_there()
    {
        using NativeList<int> list = [];
        for (int i = 0; i < 1000; i++)
        {
            list.Add(-1);
        }

        list.Resize(10);
        list.Resize(500);
        Assert.Equal([.. Enumerable.Repeat(-1, 10), .. new int[490]], list);
        list.AsSpan().Fill(-1);
        list.Resize(100_000);
        Assert.Equal(-1, list.AsSpan(500, 99_500).IndexOfAnyExcept(0));
        list.Resize(0);
        Assert.Empty(list);
    }

    [Fact]
    public void Capacity_is_at_least_the_requested_one_and_trimming_keeps_the_elements()
    {
        using var list = new NativeList<byte>(1_000_000);
        Assert.InRange(list.Capacity, 1_000_000, 1_100_000);
        list.AddRange([1, 2, 3]);
        Assert.Equal(list.Capacity, list.EnsureCapacity(5));
        Assert.InRange(list.EnsureCapacity(3_000_000), 3_000_000, 3_375_000);
        list.TrimExcess();
        Assert.InRange(list.Capacity, 3, 4096);
        Assert.Equal([1, 2, 3], list);
        list.TrimExcess();
        list.Clear();
        list.TrimExcess();
        list.Add(4);
        Assert.Equal([4], list);
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(60_000)]
    public void Trimming_gives_back_blocks_that_the_cache_keeps_too(int capacity)
    {
        using var list = new NativeList<int>(capacity) { 1, 2, 3 };
        list.TrimExcess();
        Assert.InRange(list.Capacity, 3, 64);
        Assert.Equal([1, 2, 3], list);
    }

    [Fact]
    public void Adding_small_ranges_again_and_again_does_not_move_the_elements_each_time()
    {
        var allocator = new RecordingAllocator();
        List<int> three = [1, 2, 3];
        using (var list = new NativeList<int>(0, allocator))
        {
            for (int i = 0; i < 1000; i++)
            {
                list.AddRange((IEnumerable<int>)three);
            }

            Assert.Equal(3000, list.Count);
        }

        Assert.InRange(allocator.FreedBlocks, 1, 30);
        allocator.AssertAllFreed();
    }

    [Fact]
    public void Growing_by_one_moves_the_elements_seldom()
    {
        var allocator = new RecordingAllocator();
        using (var list = new NativeList<int>(0, allocator))
        {
            for (int i = 0; i < 100_000; i++)
            {
                list.Add(i);
            }

            Assert.Equal(Enumerable.Range(0, 100_000), list);
        }

        Assert.InRange(allocator.FreedBlocks, 10, 25);
        allocator.AssertAllFreed();
    }

    [Fact]
    public void Searching_finds_the_first_equal_element_and_sorted_places()
    {
        using NativeList<int> list = [3, 1, 2, 3, 1];
        Assert.Equal((0, 1, 2, -1), (list.IndexOf(3), list.IndexOf(1), list.IndexOf(2), list.IndexOf(4)));
        Assert.Equal((true, false, true), (list.Contains(2), list.Contains(4), list.Remove(1)));
        Assert.Equal([3, 2, 3, 1], list);
        list.Sort();
        Assert.Equal([1, 2, 3, 3], list);
        Assert.Equal((~0L, 0L, 1L, ~4L), (list.BinarySearch(0), list.BinarySearch(1), list.BinarySearch(2), list.BinarySearch(4)));
        Assert.InRange(list.BinarySearch(3), 2, 3);
        list.Sort(static (left, right) => right.CompareTo(left));
        Assert.Equal([3, 3, 2, 1], list);
        Assert.Equal(3, list.BinarySearch(1, Comparer<int>.Create(static (left, right) => right.CompareTo(left))));
    }

    [Fact]
    public void A_binary_search_finds_each_place_on_the_thread_of_the_list_and_on_another_thread()
    {
        using var list = new NativeList<double>();
        for (int length = 0; length < 20; length++)
        {
            Check();
            OtherThread.Run(Check);
            list.Add(length == 0 ? double.NaN : 2 * length);
        }

        void Check()
        {
            double[] expected = list.ToArray();
            foreach (double item in (double[])[.. Enumerable.Range(0, 42), double.NaN])
            {
                Assert.Equal(Array.BinarySearch(expected, item), list.BinarySearch(item));
            }
        }
    }

    [Fact]
    public void It_is_a_list_through_its_interfaces()
    {
        using NativeList<int> real = [1, 2, 3];
        IList<int> list = real;
        Assert.False(list.IsReadOnly);
        list[1] = 5;
        list.Insert(0, 0);
        list.Add(9);
        Assert.True(list.Remove(3));
        list.RemoveAt(0);
        Assert.Equal((2, 1), (list.IndexOf(9), list.IndexOf(5)));
        Assert.Equal([1, 5, 9], list);
        Assert.Equal(15, real.Sum());
        Assert.Equal([9, 5, 1], real.AsEnumerable().Reverse());
        Assert.Equal([1, 5, 9], real.ToArray());
        Assert.Equal(9, ((IReadOnlyList<int>)real)[2]);
        Assert.Equal(3, ((IReadOnlyCollection<int>)real).Count);
        IEnumerator enumerator = ((IEnumerable)real).GetEnumerator();
        Assert.True(enumerator.MoveNext());
        Assert.Equal(1, enumerator.Current);
        enumerator.Reset();
        Assert.True(enumerator.MoveNext());
        Assert.Equal(1, enumerator.Current);
    }

    [Fact]
    public void Copying_fills_the_target_and_no_byte_more()
    {
        using NativeList<int> list = [1, 2, 3];
        int[] target = new int[6];
        list.CopyTo(target, 2);
        Assert.Equal([0, 0, 1, 2, 3, 0], target);
        list.CopyTo(target);
        Assert.Equal([1, 2, 3, 2, 3, 0], target);
        list.CopyTo(target.AsSpan(3));
        Assert.Equal([1, 2, 3, 1, 2, 3], target);
    }

    [Fact]
    public void An_owner_of_the_elements_has_their_length_and_the_list_is_disposed()
    {
        foreach (int count in new[] { 0, 1, 100, 65_536, 65_537, 300_000 })
        {
            var list = new NativeList<int>(count + 100);
            list.AddRange(Enumerable.Range(0, count));
            using NativeMemoryOwner<int> owner = list.ToOwner();
            Assert.True(list.IsDisposed);
            Assert.Equal(count, owner.Length);
            Assert.Equal(Enumerable.Range(0, count), owner.Memory.ToArray());
            list.Dispose();
            Assert.False(owner.IsDisposed);
            owner.Resize(count + 7);
            Assert.Equal([.. Enumerable.Range(0, count), .. new int[7]], owner.Memory.ToArray());
        }
    }

    [Fact]
    public unsafe void A_block_that_an_owner_of_the_elements_releases_is_freed_by_their_number()
    {
        foreach (int count in new[] { 0, 1, 100, 65_537, 9_000_000 })
        {
            var list = new NativeList<int>((count * 2L) + 10);
            list.Resize(count);
            int* block = list.ToOwner().Release();
            new Span<int>(block, count).Fill(1);
            NativeAllocator.Default.Free(block, (nuint)count * sizeof(int));
        }

        var recording = new RecordingAllocator();
        var foreign = new NativeList<int>(100, recording) { 1, 2 };
        recording.Free(foreign.ToOwner().Release(), 2 * sizeof(int));
        recording.AssertAllFreed();
    }
}
