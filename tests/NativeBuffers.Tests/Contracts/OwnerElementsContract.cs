using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Contracts;

/// <summary>Promises of every owner for its elements, before and after it is disposed.</summary>
[CorrectProgram]
public abstract class OwnerElementsContract(Func<long, NativeMemoryOwner<int>> make, bool zeroed)
{
    private static readonly (string Name, Action<NativeMemoryOwner<int>> Use)[] s_members =
    [
        ("Memory", static owner => _ = owner.Memory),
        ("IMemoryOwner.Memory", static owner => _ = ((IMemoryOwner<int>)owner).Memory),
        ("Slice", static owner => _ = owner.Slice(0, 0)),
        ("GetSpan", static owner => _ = owner.GetSpan()),
        ("Borrow", static owner => owner.Borrow().Dispose()),
        ("Pin", static owner => owner.Pin().Dispose()),
        ("Resize to 0", static owner => owner.Resize(0)),
        ("Resize to 100", static owner => owner.Resize(100)),
        ("Resize to 1,000,000", static owner => owner.Resize(1_000_000)),
        ("Move", static owner => owner.Move().Dispose()),
        ("Release", static owner => { unsafe { _ = owner.Release(); } }),
        ("Allocator", static owner => _ = owner.Allocator),
        ("Clear", static owner => owner.Clear()),
        ("Fill", static owner => owner.Fill(1)),
        ("CopyTo", static owner => owner.CopyTo(new int[300_000])),
        ("ToArray", static owner => _ = owner.ToArray()),
    ];

    public static TheoryData<int> Lengths => [0, 1, 2, 15, 16, 17, 1000, 16_384, 65_536, 65_537, 300_000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void It_has_the_requested_length_and_holds_the_elements_written_to_it(int length)
    {
        for (int round = 0; round < 3; round++)
        {
            using NativeMemoryOwner<int> owner = Make(length);
            Assert.Equal(length, owner.Length);
            Assert.False(owner.IsDisposed);
            Assert.Equal(length, owner.Memory.Length);
            Assert.Equal(length, owner.GetSpan().Length);
            Fill(owner);
            AssertFilled(owner, length);
            Assert.Equal(length, owner.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void It_is_zero_where_that_is_promised_though_its_memory_was_used_before(int length)
    {
        for (int round = 0; round < 3; round++)
        {
            using NativeMemoryOwner<int> owner = Make(length);
            using Borrow<int> borrow = owner.Borrow();
            if (zeroed)
            {
                Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(0));
            }

            borrow.Span.Fill(-1);
        }
    }

    [Fact]
    public void Memory_span_slice_and_borrow_are_views_of_the_same_elements()
    {
        using NativeMemoryOwner<int> owner = Make(100);
        Fill(owner);
        owner.Memory.Span[3] = -3;
        owner.GetSpan()[4] = -4;
        owner.Slice(5, 1).Span[0] = -5;
        using Borrow<int> borrow = owner.Borrow();
        borrow[6] = -6;
        borrow[7L] = -7;
        borrow[^1] = -99;
        borrow.AsSpan(8, 1)[0] = -8;
        Assert.Equal([-3, -4, -5, -6, -7, -8], borrow.Span[3..9].ToArray());
        Assert.Equal([-3, -4, -5, -6, -7, -8], ((IMemoryOwner<int>)owner).Memory.Slice(3, 6).ToArray());
        Assert.Equal(-99, owner.Memory.Span[99]);
        Assert.Equal((100L, 100), (borrow.Length, ((ReadOnlySpan<int>)borrow).Length));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Clear_Fill_CopyTo_and_ToArray_do_as_spans_do(int length)
    {
        using NativeMemoryOwner<int> owner = Make(length);
        Fill(owner);
        int[] copy = new int[length + 1];
        owner.CopyTo(copy);
        Assert.True(owner.GetSpan().SequenceEqual(copy.AsSpan(0, length)));
        Assert.Equal(0, copy[length]);
        Assert.Equal(copy[..length], owner.ToArray());
        owner.Fill(7);
        Assert.Equal(-1, owner.GetSpan().IndexOfAnyExcept(7));
        owner.Clear();
        Assert.Equal(-1, owner.GetSpan().IndexOfAnyExcept(0));
        if (length > 0)
        {
            Assert.Throws<ArgumentException>(() => owner.CopyTo(new int[length - 1]));
        }
    }

    [Fact]
    public void A_slice_is_the_range_that_was_asked_for_and_another_range_is_refused()
    {
        foreach (int length in new[] { 0, 1, 100, 300_000 })
        {
            using NativeMemoryOwner<int> owner = Make(length);
            Fill(owner);
            Assert.Equal(length, owner.Slice(0, length).Length);
            Assert.Equal(0, owner.Slice(length, 0).Length);
            Assert.True(owner.Slice(length / 2, length - (length / 2)).Span.SequenceEqual(owner.GetSpan()[(length / 2)..]));
            foreach ((long start, int count) in new[]
            {
                (-1L, 0), (-1L, 1), (0L, -1), (0L, length + 1), (length, 1), (length + 1L, 0), (length + 1L, -1), (long.MaxValue, int.MaxValue),
                (long.MinValue, 0), (0L, int.MinValue), (length - 1L, int.MaxValue), (1L << 32, 0), (1L << 32, 1), (long.MaxValue - 1, 2),
            })
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => owner.Slice(start, count));
                Assert.Throws<ArgumentOutOfRangeException>(() => { using Borrow<int> borrow = owner.Borrow(); return borrow.AsSpan(start, count).Length; });
            }
        }
    }

    [Fact]
    public void An_index_outside_a_borrow_is_refused()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        foreach (long index in new[] { -1L, 10L, 11L, long.MaxValue, long.MinValue, 1L << 32, (1L << 32) + 3 })
        {
            Assert.Throws<IndexOutOfRangeException>(() => { using Borrow<int> borrow = owner.Borrow(); return borrow[index]; });
        }

        foreach (int index in new[] { -1, 10, int.MaxValue, int.MinValue })
        {
            Assert.Throws<IndexOutOfRangeException>(() => { using Borrow<int> borrow = owner.Borrow(); return borrow[index]; });
        }

        Assert.Throws<IndexOutOfRangeException>(() => { using Borrow<int> borrow = owner.Borrow(); return borrow[^0]; });
        Assert.Throws<IndexOutOfRangeException>(() => { using Borrow<int> borrow = owner.Borrow(); return borrow[^11]; });
    }

    [Fact]
    public unsafe void A_pin_points_to_the_element_and_one_outside_is_refused_and_leaves_none()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        for (int i = 0; i < 10; i++)
        {
            using MemoryHandle handle = owner.Pin(i);
            Assert.Equal(At(i), *(int*)handle.Pointer);
            using MemoryHandle sliced = owner.Slice(i, 10 - i).Pin();
            Assert.True(sliced.Pointer == handle.Pointer);
        }

        owner.Pin(10).Dispose();
        foreach (int index in new[] { -1, 11, int.MinValue, int.MaxValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => owner.Pin(index));
        }

        owner.Resize(20);
        AssertFilled(owner, 10);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public void A_disposed_owner_refuses_every_member_but_Length_IsDisposed_Unpin_and_Dispose()
    {
        foreach (int length in new[] { 0, 10, 300_000 })
        {
            NativeMemoryOwner<int> owner = Make(length);
            owner.Dispose();
            AssertDisposed(owner);
            owner.Dispose();
            ((IDisposable)owner).Dispose();
            owner.Unpin();
            AssertDisposed(owner);
        }
    }

    [Fact]
    public void It_is_disposed_through_its_interfaces_too()
    {
        IMemoryOwner<int> first = Make(10);
        first.Dispose();
        AssertDisposed((NativeMemoryOwner<int>)first);
        IDisposable second = Make(10);
        second.Dispose();
        AssertDisposed((NativeMemoryOwner<int>)second);
        MemoryManager<int> third = Make(10);
        Assert.Equal(!HasArrays, MemoryMarshal.TryGetMemoryManager<int, MemoryManager<int>>(third.Memory, out MemoryManager<int>? manager));
        Assert.True(HasArrays || manager == third);
        ((IDisposable)third).Dispose();
        AssertDisposed((NativeMemoryOwner<int>)third);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0004", Justification = "Memory of a disposed owner must refuse.")]
    public void Memory_taken_before_is_refused_after_Dispose_to_read_and_to_pin()
    {
        NativeMemoryOwner<int> owner = Make(10);
        Memory<int> all = owner.Memory;
        Memory<int> part = owner.Slice(2, 5);
        Memory<int> none = owner.Slice(10, 0);
        Assert.Equal(5, part.Span.Length);
        owner.Dispose();
        using NativeMemoryOwner<int> next = Make(10);
        foreach (Memory<int> memory in new[] { all, part, all[3..], none })
        {
            if (HasArrays)
            {
                Assert.Equal(memory.Length, memory.Span.Length);
                continue;
            }

            Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
            Assert.Throws<ObjectDisposedException>(() => memory.Pin());
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    [SuppressMessage("Ownership", "NB0004", Justification = "Memory of a disposed owner must refuse.")]
    public void A_disposed_owner_does_not_reach_those_that_have_its_memory_next()
    {
        NativeMemoryOwner<int> stale = Make(10);
        Memory<int> staleMemory = stale.Memory;
        stale.Dispose();
        var next = new NativeMemoryOwner<int>[50];
        for (int i = 0; i < next.Length; i++)
        {
            next[i] = Make(10);
            next[i].GetSpan().Fill(i);
            AssertDisposed(stale);
            Assert.True(HasArrays ? staleMemory.Span.IndexOfAnyExcept(0) < 0 : Refuses<ObjectDisposedException>(staleMemory));
            stale.Dispose();
            stale.Unpin();
        }

        for (int i = 0; i < next.Length; i++)
        {
            Assert.Equal(10, next[i].Length);
            Assert.Equal(-1, next[i].GetSpan().IndexOfAnyExcept(i));
            next[i].Dispose();
        }
    }

    [Fact]
    public void Two_threads_that_dispose_it_at_once_free_it_once()
    {
        NativeMemoryOwner<int>[] owners = [.. Enumerable.Range(0, 500).Select(_ => Make(16))];
        OtherThread.Together(Dispose, Dispose);
        NativeMemoryOwner<int>[] next = [.. Enumerable.Range(0, 1000).Select(_ => Make(16))];
        for (int i = 0; i < next.Length; i++)
        {
            next[i].GetSpan().Fill(i);
        }

        for (int i = 0; i < next.Length; i++)
        {
            Assert.Equal(-1, next[i].GetSpan().IndexOfAnyExcept(i));
            next[i].Dispose();
        }

        void Dispose()
        {
            foreach (NativeMemoryOwner<int> owner in owners)
            {
                owner.Dispose();
                Assert.True(owner.IsDisposed);
            }
        }
    }

    [Fact]
    public void It_may_be_used_and_disposed_by_other_threads_than_the_one_that_made_it()
    {
        foreach (int length in new[] { 10, 300_000 })
        {
            NativeMemoryOwner<int>? owner = null;
            OtherThread.Run(() => Fill(owner = Make(length)));
            AssertFilled(owner!, length);
            OtherThread.Run(
                () =>
                {
                    AssertFilled(owner!, length);
                    owner!.Resize(length * 2);
                    AssertFilled(owner, length);
                });
            AssertFilled(owner!, length);
            owner!.Resize(length);
            OtherThread.Run(owner.Dispose);
            AssertDisposed(owner);
        }
    }

    /// <summary>Whether the memory of an owner is that of an array, which stays as it is after a resize, a move and a disposal.</summary>
    protected virtual bool HasArrays => false;

    /// <summary>Asserts that memory which was taken before has no span any more.</summary>
    protected static bool Refuses<TException>(Memory<int> memory)
        where TException : Exception
    {
        Assert.Throws<TException>(() => memory.Span.Length);
        return true;
    }

    protected static int At(int index) => (index * 7) + 1;

    protected static void Fill(NativeMemoryOwner<int> owner)
    {
        using Borrow<int> borrow = owner.Borrow();
        Span<int> elements = borrow.Span;
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = At(i);
        }
    }

    /// <summary>Asserts that <see cref="Fill"/> wrote the first elements, and that the rest is zero.</summary>
    protected static void AssertFilled(NativeMemoryOwner<int> owner, int count)
    {
        using Borrow<int> borrow = owner.Borrow();
        ReadOnlySpan<int> elements = borrow.Span;
        for (int i = 0; i < elements.Length; i++)
        {
            if (elements[i] != (i < count ? At(i) : 0))
            {
                Assert.Fail($"Element {i} of {elements.Length} is {elements[i]}.");
            }
        }
    }

    protected static void AssertDisposed(NativeMemoryOwner<int> owner)
    {
        Assert.True(owner.IsDisposed);
        Assert.Equal(0, owner.Length);
        foreach ((string name, Action<NativeMemoryOwner<int>> use) in s_members)
        {
            Exception? thrown = Record.Exception(() => use(owner));
            Assert.True(thrown is ObjectDisposedException, $"{name} of a disposed owner: {thrown}");
        }
    }

    protected NativeMemoryOwner<int> Make(long length) => make(length);
}
