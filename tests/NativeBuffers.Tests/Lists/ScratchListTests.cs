using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Tests.Buffers;

namespace NativeBuffers.Tests.Lists;

/// <summary>Each member, on the caller's stack and after the list has outgrown it.</summary>
[CorrectProgram]
[SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy.")]
public class ScratchListTests
{
    [Fact]
    public void Elements_stay_on_the_stack_as_long_as_they_fit_and_go_on_in_native_memory()
    {
        Span<int> stack = stackalloc int[4];
        using var list = new ScratchList<int>(stack);
        Assert.Equal((0, 4, true), (list.Count, list.Capacity, list.IsOnStack));
        for (int i = 0; i < 4; i++)
        {
            list.Add(i);
        }

        Assert.True(list.IsOnStack);
        Assert.True(stack.Overlaps(list.AsSpan()));
        Assert.Equal([0, 1, 2, 3], stack.ToArray());
        list.Add(4);
        Assert.False(list.IsOnStack);
        Assert.False(stack.Overlaps(list.AsSpan()));
        list[0] = 9;
        Assert.Equal(0, stack[0]);
        Assert.Equal([9, 1, 2, 3, 4], list.AsSpan().ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(70_000)]
    public void A_list_on_any_memory_holds_the_added_elements(int room)
    {
        using var list = new ScratchList<int>(new int[room]);
        for (int i = 0; i < 200_000; i++)
        {
            list.Add(i);
        }

        Assert.Equal(200_000, list.Count);
        Assert.InRange(list.Capacity, 200_000, 400_000);
        for (int i = 0; i < 200_000; i++)
        {
            if (list[i] != i)
            {
                Assert.Equal(i, list[i]);
            }
        }
    }

    [Fact]
    public void The_default_list_is_empty_and_grows()
    {
        ScratchList<int> list = default;
        Assert.Equal((0, 0), (list.Count, list.Capacity));
        Assert.True(list.AsSpan().IsEmpty);
        list.Clear();
        list.EnsureCapacity(0);
        list.AddRange([]);
        Assert.True(list.IsOnStack);
        list.Add(7);
        Assert.Equal([7], list.AsSpan().ToArray());
        list.Dispose();
        default(ScratchList<int>).Dispose();
    }

    [Fact]
    public void Ranges_the_last_element_and_room_are_as_with_a_list()
    {
        using var list = new ScratchList<int>(stackalloc int[3]);
        list.AddRange([1, 2]);
        list.AddRange([3, 4, 5]);
        list.AddRange([]);
        Assert.Equal(5, list.RemoveLast());
        Assert.Equal(4, list.RemoveLast());
        list.EnsureCapacity(1000);
        Assert.InRange(list.Capacity, 1000, 2000);
        Assert.Equal([1, 2, 3], list.AsSpan().ToArray());
        list.Clear();
        Assert.Equal(0, list.Count);
        Assert.InRange(list.Capacity, 1000, 2000);
        list.Add(6);
        Assert.Equal([6], list.AsSpan().ToArray());
        ref int only = ref list[0];
        only = 8;
        Assert.Equal(8, list[0]);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(1000)]
    [InlineData(65_536)]
    [InlineData(70_000)]
    public void A_list_may_be_added_to_itself(int count)
    {
        foreach (int room in new[] { 0, count / 2, count, count + 1, count * 2 })
        {
            using var list = new ScratchList<int>(new int[room]);
            for (int i = 0; i < count; i++)
            {
                list.Add(i);
            }

            list.AddRange(list.AsSpan());
            list.AddRange(list.AsSpan()[1..3]);
            Assert.Equal([.. Enumerable.Range(0, count), .. Enumerable.Range(0, count), 1, 2], list.AsSpan().ToArray());
        }
    }

    [Fact]
    public void A_wrong_index_or_size_is_refused()
    {
        foreach (int room in new[] { 0, 10 })
        {
            foreach (int index in new[] { -1, 3, 4, int.MaxValue, int.MinValue })
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => Three(room, (ref ScratchList<int> list) => _ = list[index]));
            }

            var refused = Assert.Throws<ArgumentOutOfRangeException>(() => Three(room, static (ref ScratchList<int> list) => list.Insert(-1, 0)));
            Assert.Equal(("index", -1), (refused.ParamName, refused.ActualValue));

            Assert.Throws<ArgumentOutOfRangeException>(() => Three(room, static (ref ScratchList<int> list) => list.EnsureCapacity(-1)));
            Assert.Throws<ArgumentOutOfRangeException>(
                () => Three(
                    room,
                    static (ref ScratchList<int> list) =>
                    {
                        list.Clear();
                        list.RemoveLast();
                    }));
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public void After_dispose_there_is_nothing_and_more_is_refused()
    {
        foreach (int room in new[] { 0, 10 })
        {
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.Add(1));
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.AddRange([1]));
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.AddRange([]));
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.EnsureCapacity(5));
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.EnsureCapacity(0));
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => _ = list.AsSpan());
            Over(room, typeof(ArgumentOutOfRangeException), static (ref ScratchList<int> list) => _ = list[0]);
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.RemoveLast());
            Over(room, typeof(ObjectDisposedException), static (ref ScratchList<int> list) => list.Clear());
            Over(room, null, static (ref ScratchList<int> list) => list.Dispose());
            Over(room, null, static (ref ScratchList<int> list) => Assert.Equal((0, 0), (list.Count, list.Capacity)));
        }

        static void Over(int room, Type? thrown, Use use) => Assert.Equal(
            thrown,
            Record.Exception(
                () => Three(
                    room,
                    (ref ScratchList<int> list) =>
                    {
                        list.Dispose();
                        list.Dispose();
                        use(ref list);
                    }))?.GetType());
    }

    [Fact]
    public void Of_two_copies_that_left_the_stack_the_one_that_did_not_grow_or_was_not_disposed_throws()
    {
        foreach (bool grows in new[] { true, false })
        {
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.Add(1));
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.AddRange([]));
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.AddRange([1, 2]));
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.EnsureCapacity(1));
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => _ = copy.AsSpan());
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => _ = copy[0]);
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.RemoveLast());
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.Clear());
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.Insert(0, 1));
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => copy.RemoveAt(0));
            Stale(grows, typeof(ObjectDisposedException), static (ref ScratchList<int> copy) => _ = copy.GetEnumerator());
            Stale(grows, null, static (ref ScratchList<int> copy) => copy.Dispose());
        }

        static void Stale(bool grows, Type? thrown, Use use) => Assert.Equal(
            thrown,
            Record.Exception(
                () => Three(
                    room: 0,
                    (ref ScratchList<int> list) =>
                    {
                        ScratchList<int> copy = list;
                        if (grows)
                        {
                            list.EnsureCapacity(list.Capacity + 1);
                        }
                        else
                        {
                            list.Dispose();
                        }

                        using var next = NativeBuffer.Create<int>(8);
                        try
                        {
                            use(ref copy);
                        }
                        finally
                        {
                            Assert.Equal(-1, next.AsSpan().IndexOfAnyExcept(0));
                            Assert.Equal(grows ? 3 : 0, list.Count);
                        }
                    }))?.GetType());
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
    public void Copies_on_the_stack_go_their_own_ways()
    {
        using var list = new ScratchList<int>(stackalloc int[2]);
        list.AddRange([1, 2]);
        ScratchList<int> copy = list;
        list.Add(3);
        copy.Add(4);
        Assert.Equal([1, 2, 3], list.AsSpan().ToArray());
        Assert.Equal([1, 2, 4], copy.AsSpan().ToArray());
        copy.Dispose();
        Assert.Equal([1, 2, 3], list.AsSpan().ToArray());
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public void Disposing_twice_or_through_a_copy_frees_nothing_of_the_next_list()
    {
        ScratchList<int> first = default;
        first.Add(1);
        ScratchList<int> copy = first;
        first.Dispose();
        ScratchList<int> second = default;
        second.Add(2);
        copy.Dispose();
        first.Dispose();
        ScratchList<int> third = default;
        third.Add(3);
        Assert.Equal((2, 3), (second[0], third[0]));
        second.Dispose();
        third.Dispose();
    }

    [Fact]
    public void Sizes_that_no_span_has_are_refused_and_change_nothing()
    {
        using var list = new ScratchList<Wide>(new Wide[2]);
        list.Add(default);
        foreach (int capacity in new[] { int.MaxValue, Array.MaxLength })
        {
            bool refused = false;
            try
            {
                list.EnsureCapacity(capacity);
            }
            catch (OutOfMemoryException)
            {
                refused = true;
            }

            Assert.True(refused);
            Assert.Equal((1, 2, true), (list.Count, list.Capacity, list.IsOnStack));
        }

        list.Add(default);
        list.Add(default);
        Assert.Equal(3, list.AsSpan().Length);
    }

    private static void Three(int room, Use use)
    {
        var list = new ScratchList<int>(new int[room]);
        list.AddRange([1, 2, 3]);
        try
        {
            use(ref list);
        }
        finally
        {
            list.Dispose();
        }
    }

    private delegate void Use(ref ScratchList<int> list);

    /// <summary>2^31 of these are more than an address space has left.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 65_535)]
    private struct Wide;
}
