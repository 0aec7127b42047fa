using System.Buffers;
using System.Runtime.InteropServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Lists;

namespace NativeBuffers.Tests.Lists;

/// <summary>The first block of a list, which its home takes without an atomic operation, and the blocks that take its place.</summary>
[Collection(ProcessWide.Name)]
public class FirstBlockTests
{
    [Fact]
    public void A_list_belongs_to_the_thread_that_made_it_also_before_it_has_a_block()
    {
        using var list = new NativeList<int>();
        Assert.True(list.Core.First.IsHome);
        Assert.True(list.Core.First.IsEmpty);
        list.Add(1);
        Assert.True(list.Core.First.IsHome);
        Assert.False(list.Core.First.IsEmpty);
    }

    [Fact]
    public void Members_that_only_look_at_elements_take_no_block_for_an_empty_list()
    {
        using var list = new NativeList<(int, long)>();
        Action[] looks =
        [
            () => Assert.Equal(-1, list.IndexOf(default)),
            () => _ = list.Contains(default),
            () => Assert.False(list.Remove(default)),
            () => Assert.Equal(~0, list.BinarySearch(default)),
            () => Assert.Equal(-1, list.FindIndex(static _ => true)),
            () => Assert.Equal(0, list.RemoveAll(static _ => true)),
            () => list.Sort(),
            () => list.Sort(static (_, _) => 0),
            list.Reverse,
            () => list.CopyTo([]),
            () => list.CopyTo([], 0),
            () => Assert.Empty(list.ToArray()),
            () => Assert.Empty(list),
            () => Assert.Equal(0, list.AsSpan().Length),
            () => list.AddRange(list),
            () => list.RemoveRange(0, 0),
            list.Clear,
            list.TrimExcess,
            () => Assert.False(list.TryPop(out _)),
        ];
        foreach (Action look in looks)
        {
            look();
            OtherThread.Run(look);
            Assert.Equal(0, list.Capacity);
        }

        list.Dispose();
        Assert.Throws<ObjectDisposedException>(() => list.Contains(default));
        Assert.Throws<ObjectDisposedException>(() => list.BinarySearch(default));
        Assert.Throws<ObjectDisposedException>(() => list.ToArray());
    }

    [Fact]
    public void The_first_element_from_another_thread_goes_to_a_block_of_that_thread()
    {
        using var other = new Worker();
        using var list = new NativeList<int>();
        other.Run(
            () =>
            {
                list.Add(1);
                Assert.True(list.Core.At.IsHome);
                list.Add(2);
            });
        Assert.True(list.Core.First.IsEmpty);
        Assert.Equal([1, 2], list);
        list.Add(3);
        list[0] = 4;
        Assert.Equal(4, list[0]);
        other.Run(() => Assert.Equal([4, 2, 3], list.ToArray()));
    }

    [Fact]
    public void The_list_of_an_owner_belongs_to_the_thread_that_made_the_owner_and_to_no_other()
    {
        using NativeList<int> list = NativeList.FromOwner(NativeMemoryOwner.Create<int>(100));
        Assert.True(list.Core.First.IsHome);
        list.Add(1);
        Assert.Equal(101, list.Count);
        NativeMemoryOwner<int> owner = NativeMemoryOwner.Create<int>(100);
        OtherThread.Run(
            () =>
            {
                using NativeList<int> other = NativeList.FromOwner(owner);
                Assert.False(other.Core.First.IsHome);
                other[0] = 1;
                other.Add(1);
                Assert.Equal(101, other.Count);
            });
        using NativeList<int> foreign = NativeList.FromOwner(NativeMemoryOwner.Create<int>(100, NativeAllocator.Malloc));
        Assert.False(foreign.Core.First.IsHome);
    }

    [Fact]
    public void The_count_is_right_on_each_thread_after_each_change()
    {
        using var other = new Worker();
        var list = new NativeList<int>(4) { 1, 2, 3 };
        int expected = 3;
        Action<NativeList<int>>[] changes =
        [
            list => { list.EnsureCapacity(100); },
            list => { list.Add(1); expected++; },
            list => { list.AddRange([1, 2, 3]); expected += 3; },
            list => { list.Insert(0, 5); expected++; },
            list => { list.RemoveAt(0); expected--; },
            list => { list.RemoveAt(list.Count - 1); expected--; },
            list => { Assert.True(list.TryPop(out _)); expected--; },
            list => { list.GetSpan(10)[0] = 1; list.Advance(2); expected += 2; },
            list => { list.Resize(20); expected = 20; },
            list => { list.Resize(3); expected = 3; },
            list => { list.TrimExcess(); },
            list => { list.Clear(); expected = 0; },
            list => { list.Add(1); expected++; },
        ];
        foreach (Action<NativeList<int>> change in changes)
        {
            other.Run(() => change(list));
            Assert.Equal(expected, list.Count);
            change(list);
            other.Run(() => Assert.Equal(expected, list.LongCount));
            Assert.Equal(expected, list.ToArray().Length);
        }

        list.Dispose();
        Assert.Equal(0, list.Count);
        Assert.Equal(0, list.Capacity);
    }

    [Fact]
    public void A_count_above_the_length_of_the_first_block_is_no_bound_of_it()
    {
        // For a moment, a thread may have the first block, and find there the count of the block that took its place.
        const long Later = 1_000_000;
        Assert.All(
            (Func<NativeList<int>, long>[])
            [
                static list => { using Borrow<int> borrow = list.Borrow(); return borrow.Length; },
                static list => { _ = list.EnsureCapacity(list.Capacity + 1); return list.Core.At.CountInside(ref list.ElementCount); },
                static list => { list.TrimExcess(); return list.Capacity; },
                static list => { using NativeMemoryOwner<int> owner = list.ToOwner(); return owner.Length; },
                static list => { using ListBorrow<int> borrow = list.Core.BorrowPlaces(list); return borrow.Count; },
            ],
            static use =>
            {
                using var list = new NativeList<int>(4);
                long capacity = list.Capacity;
                list.ElementCount = Later;
                OtherThread.Run(() => Assert.Equal(capacity, use(list)));
                using var chosen = new NativeList<int>(4, NativeAllocator.Malloc);
                capacity = chosen.Capacity;
                chosen.ElementCount = Later;
                Assert.InRange(use(chosen), capacity, capacity + 1);
            });
    }

    [Fact]
    public void A_block_that_shows_the_count_of_another_one_has_no_home()
    {
        var keeper = new Keeper();
        keeper.Block.Begin();
        keeper.Block.Open(keeper, 4 * sizeof(int), sizeof(int), typeof(int));
        OtherThread.Run(() => keeper.Block.Show(keeper, ref keeper.Count, 1_000_000));
        Assert.False(keeper.Block.IsHome);
        Assert.True(keeper.Block.TryClose(keeper, out _));
    }

    [Fact]
    public void A_block_that_another_one_has_replaced_gets_no_home_when_it_grows()
    {
        var keeper = new Keeper();
        keeper.Block.Begin();
        keeper.Block.Open(keeper, 4 * sizeof(int), sizeof(int), typeof(int));
        LaterBlock? none = null;
        Assert.True(keeper.Block.TryReserve(keeper, ref keeper.Count, ref none, 1000, sizeof(int), typeof(int)));
        Assert.True(keeper.Block.IsHome);
        LaterBlock? later = LaterBlock.Over;
        Assert.True(keeper.Block.TryReserve(keeper, ref keeper.Count, ref later, 2000, sizeof(int), typeof(int)));
        Assert.False(keeper.Block.IsHome);
        Assert.True(keeper.Block.TryClose(keeper, out _));
    }

    [Fact]
    public void A_list_shows_the_count_of_its_later_block_and_its_first_block_has_no_home_then()
    {
        using var list = new NativeList<int>(4) { 1 };
        OtherThread.Run(() => list.AddRange(new int[1000]));
        Assert.Equal(1001, list.ElementCount);
        Assert.False(list.Core.First.IsHome);
        Assert.Equal(0, list[1000]);
        list.Add(5);
        Assert.Equal(1002, list.ElementCount);
        Assert.Equal(5, list[1001]);
        list.Dispose();
        Assert.Equal(0, list.ElementCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_list_that_another_thread_disposes_is_over_for_its_home(bool hasBlock)
    {
        var list = new NativeList<int>();
        if (hasBlock)
        {
            list.Add(1);
        }

        OtherThread.Run(list.Dispose);
        Assert.True(list.IsDisposed);
        Assert.Equal(0, list.Count);
        Assert.Throws<ObjectDisposedException>(() => list.Add(1));
        Assert.Throws<ObjectDisposedException>(() => list.AsSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => list[0]);
        list.Dispose();
    }

    [Fact]
    public void A_pin_of_a_later_block_can_be_ended_through_the_memory_after_the_end_of_the_list()
    {
        var list = new NativeList<int>(4) { 1 };
        OtherThread.Run(() => list.AddRange(new int[100]));
        Memory<int> memory = list.GetMemory();
        MemoryHandle pin = memory.Pin();
        Assert.Throws<InvalidOperationException>(() => list.EnsureCapacity(10_000));
        list.Dispose();
        _ = MemoryMarshal.TryGetMemoryManager<int, MemoryManager<int>>(memory, out MemoryManager<int>? manager);
        manager!.Unpin();
        pin.Dispose();
    }

    [Fact]
    public void A_block_that_the_program_takes_during_a_call_of_its_allocator_stays()
    {
        var keeper = new Keeper();
        bool isIn = false;
        var allocator = new CallingAllocator(beforeAllocate: () =>
        {
            if (isIn)
            {
                return;
            }

            isIn = true;
            keeper.Block.Open(keeper, 1000 * sizeof(long), sizeof(long), typeof(long));
            keeper.Count = 1000;
        });
        keeper.Block.Begin();
        keeper.Block.Open(keeper, 4 * sizeof(long), sizeof(long), typeof(long), allocator);
        Assert.InRange(keeper.Block.Capacity, 1000, long.MaxValue);
        Assert.True(keeper.Block.IsHome);
        Assert.Equal(0, allocator.LiveBlocks);
        Assert.True(keeper.Block.TryClose(keeper, out _));
    }

    private sealed class Keeper : ICleanedOwner
    {
        public long Count;
        public HomeBlock Block;

        public bool TryCloseForgotten(Generation opened) => Block.TryCloseForgotten(this, opened);
    }
}
