using System.Buffers;

namespace NativeBuffers.Tests.Contracts;

/// <summary>Promises of every owner for its resizing.</summary>
[CorrectProgram]
public abstract class OwnerResizeContract(Func<long, NativeMemoryOwner<int>> make, bool zeroed)
    : OwnerElementsContract(make, zeroed)
{
    /// <summary>Around the boundaries of size classes, and on both sides of the largest one.</summary>
    private static readonly int[] s_lengths = [0, 1, 16, 17, 100, 1024, 5000, 65_536, 65_537, 200_000];

    [Fact]
    public void Resizing_keeps_contents_and_new_elements_are_zero_from_every_length_to_every_other()
    {
        foreach (int from in s_lengths)
        {
            foreach (int to in s_lengths)
            {
                // The block is larger first, so that the bytes after its end are not zero by chance.
                using NativeMemoryOwner<int> owner = Make(Math.Max(from, to));
                owner.GetSpan().Fill(-1);
                owner.Resize(from);
                Fill(owner);
                owner.Resize(to);
                Assert.Equal(to, owner.Length);
                Assert.Equal(to, owner.Memory.Length);
                AssertFilled(owner, Math.Min(from, to));
                Fill(owner);
                AssertFilled(owner, to);
            }
        }
    }

    [Fact]
    public void It_grows_beyond_the_largest_size_class_and_back_again_and_again()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        for (int round = 0; round < 20; round++)
        {
            owner.Resize(100_000 + round);
            AssertFilled(owner, 10);
            owner.Resize(10);
            AssertFilled(owner, 10);
            owner.Resize(1000);
            AssertFilled(owner, 10);
        }
    }

    [Fact]
    public void The_elements_of_other_owners_are_unchanged()
    {
        using NativeMemoryOwner<int> before = Make(100);
        using NativeMemoryOwner<int> owner = Make(100);
        using NativeMemoryOwner<int> after = Make(100);
        before.GetSpan().Fill(1);
        after.GetSpan().Fill(2);
        foreach (int length in s_lengths)
        {
            owner.Resize(length);
            using NativeMemoryOwner<int> between = Make(100);
            between.GetSpan().Fill(3);
            owner.GetSpan().Fill(-1);
            Assert.Equal(-1, between.GetSpan().IndexOfAnyExcept(3));
        }

        Assert.Equal(-1, before.GetSpan().IndexOfAnyExcept(1));
        Assert.Equal(-1, after.GetSpan().IndexOfAnyExcept(2));
    }

    [Fact]
    public void A_length_that_cannot_be_one_is_refused_and_changes_nothing()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        foreach (long length in new[] { -1L, long.MinValue, long.MaxValue, long.MaxValue / 4, (long.MaxValue / 4) + 1, 1L << 62 })
        {
            if (length == long.MaxValue / 4)
            {
                Assert.Throws<OutOfMemoryException>(() => owner.Resize(length));
            }
            else
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => owner.Resize(length));
            }

            Assert.Equal(10, owner.Length);
            AssertFilled(owner, 10);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(100_000)]
    public void Exhausted_memory_throws_and_changes_nothing(int length)
    {
        using NativeMemoryOwner<int> owner = Make(length);
        Fill(owner);
        for (int round = 0; round < 3; round++)
        {
            Assert.Throws<OutOfMemoryException>(() => owner.Resize(1L << 50));
            Assert.Equal(length, owner.Length);
            AssertFilled(owner, length);
        }

        owner.Resize(length + 5);
        AssertFilled(owner, length);
    }

    [Fact]
    public void Memory_taken_before_is_refused_when_it_does_not_fit_any_more()
    {
        using NativeMemoryOwner<int> owner = Make(100);
        Fill(owner);
        Memory<int> all = owner.Memory;
        Memory<int> head = owner.Slice(0, 10);
        owner.Resize(50);
        Assert.True(HasArrays ? all.Span[99] == At(99) : Refuses<ArgumentOutOfRangeException>(all));
        Assert.Equal(At(9), head.Span[9]);
        owner.Resize(100_000);
        Assert.Equal(100, all.Length);
        Assert.Equal((At(49), HasArrays ? At(50) : 0), (all.Span[49], all.Span[50]));
        using MemoryHandle handle = all.Pin();
        unsafe
        {
            Assert.Equal(At(49), ((int*)handle.Pointer)[49]);
        }
    }

    [Fact]
    public void While_it_is_borrowed_it_is_not_resized_released_or_moved()
    {
        foreach (int length in new[] { 10, 100_000 })
        {
            using NativeMemoryOwner<int> owner = Make(length);
            Fill(owner);
            using (owner.Borrow())
            {
                AssertInUse(owner, length);
                using (owner.Borrow())
                {
                    AssertInUse(owner, length);
                }

                AssertInUse(owner, length);
                OtherThread.Run(() => AssertInUse(owner, length));
            }

            AssertFree(owner, length);
        }
    }

    [Fact]
    public void While_another_thread_borrows_it_it_is_not_resized_released_or_moved()
    {
        foreach (int length in new[] { 10, 100_000 })
        {
            using NativeMemoryOwner<int> owner = Make(length);
            Fill(owner);
            using var borrowed = new ManualResetEventSlim();
            using var tried = new ManualResetEventSlim();
            OtherThread.Together(
                () =>
                {
                    using Borrow<int> borrow = owner.Borrow();
                    borrowed.Set();
                    tried.Wait();
                    Assert.Equal(At(length - 1), borrow[^1]);
                },
                () =>
                {
                    borrowed.Wait();
                    try
                    {
                        AssertInUse(owner, length);
                    }
                    finally
                    {
                        tried.Set();
                    }
                });
            AssertFree(owner, length);
        }
    }

    [Fact]
    public void While_it_is_pinned_it_is_not_resized_released_or_moved()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        using MemoryHandle first = HasArrays ? owner.Pin() : owner.Memory.Pin();
        MemoryHandle second = owner.Pin(3);
        AssertInUse(owner, 10);
        second.Dispose();
        AssertInUse(owner, 10);
        OtherThread.Run(() => AssertInUse(owner, 10));
        first.Dispose();
        AssertFree(owner, 10);
    }

    private static void AssertInUse(NativeMemoryOwner<int> owner, int length)
    {
        foreach (long other in new[] { 0L, length, length + 1L, 1_000_000L })
        {
            Assert.Throws<InvalidOperationException>(() => owner.Resize(other));
        }

        Assert.Throws<InvalidOperationException>(owner.Move);
        Assert.Throws<InvalidOperationException>(() => { unsafe { _ = owner.Release(); } });
        Assert.False(owner.IsDisposed);
        Assert.Equal(length, owner.Length);
        AssertFilled(owner, length);
    }

    private static void AssertFree(NativeMemoryOwner<int> owner, int length)
    {
        owner.Resize(length + 1);
        AssertFilled(owner, length);
        owner.Resize(length);
        AssertFilled(owner, length);
    }
}
