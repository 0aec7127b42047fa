using NativeBuffers.Tests.Buffers;

namespace NativeBuffers.Tests.Lists;

/// <summary>Memory that ends in the middle of growth: contents and capacity stay, and the owner goes on.</summary>
public class ExhaustedMemoryTests
{
    private static readonly Action<NativeList<int>>[] s_growths =
    [
        static list => list.Add(1),
        static list => list.AddRange([1, 2]),
        static list => list.AddRange(new List<int> { 1 }),
        static list => list.AddRange(list.AsSpan()),
        static list => list.Insert(0, 1),
        static list => list.InsertRange(1, [1, 2]),
        static list => list.InsertRange(1, list.AsSpan()),
        static list => list.Resize(list.Capacity + 1),
        static list => list.EnsureCapacity(list.Capacity + 1),
        static list => _ = list.GetSpan(1).Length,
        static list => list.GetMemory(1),
        static list => ((IList<int>)list).Add(1),
    ];

    [Fact]
    public void A_list_that_cannot_double_allocates_the_bytes_it_needs()
    {
        var allocator = new RecordingAllocator { LargestBlock = 6000 };
        using var list = new NativeList<byte>(4000, allocator);
        list.Resize(4000);
        list.AddRange(new byte[1500]);
        Assert.Equal(5500, list.LongCount);
        Assert.InRange(list.Capacity, 5500, 6000);
    }

    [Fact]
    public void Near_the_end_of_memory_a_list_grows_in_few_steps()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator { LargestBlock = 1_500_000 };
        using var list = new NativeList<byte>(1_000_000, allocator);
        list.Resize(1_000_000);
        long moves = 0;
        long capacity = list.Capacity;
        while (list.LongCount < 1_500_000)
        {
            list.Add(1);
            moves += list.Capacity == capacity ? 0 : 1;
            capacity = list.Capacity;
        }

        Assert.Throws<OutOfMemoryException>(() => list.Add(1));
        Assert.Equal((1_500_000L, 1_500_000L), (list.LongCount, list.Capacity));
        Assert.InRange(moves, 1, 30);
    }

    [Fact]
    public void A_list_is_added_to_itself_and_to_another_whatever_its_static_type()
    {
        using var list = new NativeList<int> { 1, 2, 3 };
        list.AddRange((IEnumerable<int>)list);
        list.TrimExcess();
        list.AddRange((IEnumerable<int>)list);
        using var other = new NativeList<int> { 9 };
        other.AddRange((IEnumerable<int>)list);
        Assert.Equal([9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3], other);
    }

    [Fact]
    public void A_list_that_cannot_grow_is_unchanged_and_grows_when_it_can()
    {
        var allocator = new RecordingAllocator();
        foreach (int count in new[] { 0, 1, 100, 70_000 })
        {
            using var list = new NativeList<int>(count, allocator);
            list.AddRange(Enumerable.Range(0, count).ToArray().AsSpan());
            Assert.Equal(count, list.Capacity);
            foreach (Action<NativeList<int>> grow in s_growths)
            {
                if (count == 0 && grow != s_growths[0])
                {
                    continue;
                }

                allocator.BlocksLeft = 0;
                Assert.Throws<OutOfMemoryException>(() => grow(list));
                Assert.Throws<OutOfMemoryException>(() => grow(list));
                Assert.Equal((count, (long)count), (list.Count, list.Capacity));
                Assert.Equal(Enumerable.Range(0, count), list);
                using (Borrow<int> borrow = list.Borrow())
                {
                    Assert.Equal(count, borrow.Length);
                }
            }

            allocator.BlocksLeft = int.MaxValue;
            list.Add(-7);
            Assert.Equal([.. Enumerable.Range(0, count), -7], list);
        }

        Assert.Equal(0, allocator.LiveBytes);
    }

    [Fact]
    public void A_range_that_is_too_long_for_memory_leaves_the_elements()
    {
        var allocator = new RecordingAllocator { LargestBlock = 4000 };
        using var list = new NativeList<int>(0, allocator);
        int added = 0;
        Assert.Throws<OutOfMemoryException>(
            () =>
            {
                for (; added < 2000; added++)
                {
                    list.Add(added);
                }
            });
        Assert.InRange(added, 500, 1000);
        Assert.Equal(Enumerable.Range(0, added), list);
        Assert.Throws<OutOfMemoryException>(() => list.AddRange(new int[1001].AsSpan()));
        Assert.Equal(Enumerable.Range(0, added), list);
        list.RemoveRange(0, 10);
        list.Insert(0, 3);
        Assert.Equal([3, .. Enumerable.Range(10, added - 10)], list);
    }

    [Fact]
    public void Trimming_and_handing_over_without_memory_leave_the_list()
    {
        var allocator = new RecordingAllocator();
        using var list = new NativeList<int>(100, allocator) { 1, 2, 3 };
        allocator.BlocksLeft = 0;
        Assert.Throws<OutOfMemoryException>(list.TrimExcess);
        Assert.Throws<OutOfMemoryException>(() => { list.ToOwner().Dispose(); });
        Assert.False(list.IsDisposed);
        list.Add(4);
        Assert.Equal([1, 2, 3, 4], list);
        Assert.Equal(100, list.Capacity);
        allocator.BlocksLeft = 1;
        using NativeMemoryOwner<int> owner = list.ToOwner();
        Assert.Equal([1, 2, 3, 4], owner.Memory.ToArray());
    }

    [Fact]
    public void A_list_for_which_there_was_no_memory_leaves_nothing_allocated()
    {
        var allocator = new RecordingAllocator { BlocksLeft = 0 };
        for (int i = 0; i < 100; i++)
        {
            Assert.Throws<OutOfMemoryException>(() => new NativeList<int>(10, allocator));
        }

        Assert.Equal((100, 0L), (allocator.Refusals, allocator.LiveBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(70_000)]
    [InlineData(9_000_000)]
    public void A_list_of_the_default_allocator_survives_a_refused_growth(int count)
    {
        using var list = new NativeList<int>(count);
        list.Resize(count);
        list.AsSpan().Fill(5);
        long capacity = list.Capacity;
        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<OutOfMemoryException>(() => list.EnsureCapacity(1L << 50));
            Assert.Throws<OutOfMemoryException>(() => list.Resize(1L << 50));
            Assert.Throws<OutOfMemoryException>(() => list.EnsureCapacity(nint.MaxValue / sizeof(int)));
        }

        Assert.Equal((count, capacity), (list.Count, list.Capacity));
        Assert.Equal(-1, list.AsSpan().IndexOfAnyExcept(5));
        list.Add(6);
        Assert.Equal(6, list[count]);
    }

    [Fact]
    public void A_scratch_list_survives_a_refused_growth()
    {
        foreach (int count in new[] { 1, 10, 600 })
        {
            using var list = new ScratchList<Wide>(new Wide[4]);
            for (int i = 0; i < count; i++)
            {
                list.Add(new Wide { First = i });
            }

            int capacity = list.Capacity;
            bool wasOnStack = list.IsOnStack;
            int refused = 0;
            for (int i = 0; i < 3; i++)
            {
                try
                {
                    list.EnsureCapacity(Array.MaxLength);
                }
                catch (OutOfMemoryException)
                {
                    refused++;
                }
            }

            Assert.Equal((3, count, capacity, wasOnStack), (refused, list.Count, list.Capacity, list.IsOnStack));
            list.Add(new Wide { First = -1 });
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(i, list[i].First);
            }
        }
    }

    [Fact]
    public void A_buffer_and_an_owner_survive_a_resize_that_fails()
    {
        var allocator = new RecordingAllocator();
        foreach (int length in new[] { 0, 100, 70_000 })
        {
            NativeBuffer<int> buffer = NativeBuffer.Create<int>(length, allocator);
            using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(length, allocator);
            buffer.Fill(3);
            owner.GetSpan().Fill(4);
            allocator.BlocksLeft = 0;
            bool refused = false;
            try
            {
                buffer.Resize(length + 1);
            }
            catch (OutOfMemoryException)
            {
                refused = true;
            }

            Assert.True(refused);
            Assert.Throws<OutOfMemoryException>(() => owner.Resize(length + 1));
            Assert.Equal((length, length), (buffer.Length, (int)owner.Length));
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(3));
            Assert.Equal(-1, owner.GetSpan().IndexOfAnyExcept(4));
            allocator.BlocksLeft = int.MaxValue;
            buffer.Resize(length + 1);
            owner.Resize(length + 1);
            Assert.Equal((0, 0), (buffer[length], owner.GetSpan()[length]));
            buffer.Dispose();
        }

        Assert.Equal(0, allocator.LiveBytes);
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 65_535)]
    private struct Wide
    {
        public int First;
    }
}
