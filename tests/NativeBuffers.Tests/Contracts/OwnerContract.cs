using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Contracts;

/// <summary>
/// Promises of every owner, whichever way it was created. A way joins with one line: derive, and say how to create an owner of a
/// length. The base classes test the elements and resizing; this class tests users on several threads, and new owners.
/// </summary>
[CorrectProgram]
[SuppressMessage("Ownership", "NB0003", Justification = "A second end of a borrow or a pin must end nothing.")]
public abstract class OwnerContract(Func<long, NativeMemoryOwner<int>> make, bool zeroed = true)
    : OwnerResizeContract(make, zeroed)
{
    [Fact]
    public void Disposed_while_borrowed_it_refuses_new_use_at_once_and_the_borrow_stays_valid()
    {
        foreach (int length in new[] { 10, 100_000 })
        {
            NativeMemoryOwner<int> owner = Make(length);
            Fill(owner);
            using Borrow<int> borrow = owner.Borrow();
            owner.Dispose();
            AssertDisposed(owner);

            // The next owner does not get its memory.
            using NativeMemoryOwner<int> next = Make(length);
            next.GetSpan().Fill(-1);
            Assert.Equal((length, At(0), At(length - 1)), (borrow.Length, borrow[0], borrow[^1]));
            borrow.Span.Fill(5);
            Assert.Equal(-1, next.GetSpan().IndexOfAnyExcept(-1));
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(5));
        }
    }

    [Fact]
    public unsafe void Disposed_while_pinned_it_refuses_new_use_at_once_and_the_pointer_stays_good()
    {
        foreach (int length in new[] { 10, 100_000 })
        {
            NativeMemoryOwner<int> owner = Make(length);
            Fill(owner);
            MemoryHandle handle = owner.Memory.Pin();
            owner.Dispose();
            AssertDisposed(owner);
            using NativeMemoryOwner<int> next = Make(length);
            next.GetSpan().Fill(-1);
            var pinned = new Span<int>(handle.Pointer, length);
            Assert.Equal(At(length - 1), pinned[^1]);
            pinned.Fill(5);
            Assert.Equal(-1, next.GetSpan().IndexOfAnyExcept(-1));
            OtherThread.Run(handle.Dispose);
            handle.Dispose();
            AssertDisposed(owner);
        }
    }

    [Fact]
    public void A_thread_may_dispose_it_while_another_thread_borrows_it()
    {
        NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        using (Borrow<int> borrow = owner.Borrow())
        {
            OtherThread.Run(owner.Dispose);
            AssertDisposed(owner);
            using NativeMemoryOwner<int> next = Make(10);
            next.GetSpan().Fill(-1);
            Assert.Equal(At(9), borrow[9]);
        }

        owner = Make(10);
        Fill(owner);
        using var borrowed = new ManualResetEventSlim();
        using var disposed = new ManualResetEventSlim();
        OtherThread.Together(
            () =>
            {
                using Borrow<int> borrow = owner.Borrow();
                borrowed.Set();
                disposed.Wait();
                using NativeMemoryOwner<int> next = Make(10);
                next.GetSpan().Fill(-1);
                Assert.Equal(At(9), borrow[9]);
            },
            () =>
            {
                borrowed.Wait();
                owner.Dispose();
                disposed.Set();
                AssertDisposed(owner);
            });
    }

    [Fact]
    public void A_borrow_that_has_ended_has_no_elements_and_neither_has_a_copy()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        Borrow<int> borrow = owner.Borrow();
        Borrow<int> copy = borrow;
        borrow.Dispose();
        Assert.Equal(0, borrow.Length);
        AssertEnded(ref borrow);
        AssertEnded(ref copy);

        using Borrow<int> next = owner.Borrow();
        AssertEnded(ref copy);
        copy.Dispose();
        copy.Dispose();
        borrow.Dispose();
        Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
        Assert.Equal(10, next.Span.Length);

        static void AssertEnded(ref Borrow<int> borrow)
        {
            bool refused = false;
            try
            {
                _ = borrow.Span;
            }
            catch (ObjectDisposedException)
            {
                refused = true;
            }

            Assert.True(refused);
            refused = false;
            try
            {
                _ = borrow.AsSpan(0, 0);
            }
            catch (ObjectDisposedException)
            {
                refused = true;
            }

            Assert.True(refused);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(200)]
    public void Many_borrows_at_once_end_in_any_order(int depth)
    {
        using NativeMemoryOwner<int> owner = Make(10);
        using NativeMemoryOwner<int> other = Make(10);
        Fill(owner);
        Fill(other);
        for (int order = 0; order < 4; order++)
        {
            Borrow<int> none = default;
            Nest(depth, order, ref none);
            owner.Resize(20);
            owner.Resize(10);
            other.Resize(20);
            other.Resize(10);
        }

        // Each level borrows twice, and ends borrows before, inside or after the inner levels: its own, or its caller's.
        void Nest(int level, int order, scoped ref Borrow<int> outer)
        {
            Borrow<int> first = owner.Borrow();
            Borrow<int> second = (level % 3 == 0 ? other : owner).Borrow();
            Assert.Equal(At(9), first[9] + second[9] - At(9));
            if (order == 1)
            {
                first.Dispose();
            }
            else if (order == 2 && level % 2 == 0)
            {
                outer.Dispose();
            }

            if (level > 1)
            {
                Nest(level - 1, order, ref order == 3 ? ref first : ref second);
            }
            else
            {
                Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
            }

            if (order == 3)
            {
                first.Dispose();
                second.Dispose();
            }
            else
            {
                second.Dispose();
                first.Dispose();
            }
        }
    }

    [Fact]
    public void Handles_of_one_pin_end_it_once_and_no_other()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        MemoryHandle first = owner.Pin();
        MemoryHandle copy = first;
        MemoryHandle second = owner.Pin();
        first.Dispose();
        copy.Dispose();
        first.Dispose();
        copy.Dispose();
        Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
        second.Dispose();
        owner.Resize(20);
    }

    [Fact]
    public void Unpin_ends_the_newest_pin_whose_handle_then_ends_nothing()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        owner.Unpin();
        owner.Resize(11);
        MemoryHandle first = owner.Pin();
        MemoryHandle second = owner.Pin();
        MemoryHandle third = owner.Pin();
        second.Dispose();
        owner.Unpin();
        third.Dispose();
        Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
        owner.Unpin();
        owner.Resize(20);
        owner.Unpin();
        using MemoryHandle fourth = owner.Pin();
        first.Dispose();
        second.Dispose();
        third.Dispose();
        Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
        OtherThread.Run(owner.Unpin);
        owner.Resize(30);
    }

    [Fact]
    public void Many_pins_are_begun_and_ended_by_several_threads()
    {
        using NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        OtherThread.Together(PinAndUnpin, PinAndUnpin, PinAndUnpin);
        owner.Resize(20);
        AssertFilled(owner, 10);

        void PinAndUnpin()
        {
            var random = new Random(1);
            List<MemoryHandle> handles = [];
            for (int i = 0; i < 1000; i++)
            {
                handles.Add(owner.Pin(i % 10));
                if (random.Next(2) == 0)
                {
                    int index = random.Next(handles.Count);
                    handles[index].Dispose();
                    handles.RemoveAt(index);
                }
            }

            handles.ForEach(static handle => handle.Dispose());
        }
    }

    [Fact]
    public unsafe void Released_memory_is_freed_by_the_allocator_that_the_owner_names()
    {
        foreach (int length in new[] { 0, 10, 100_000 })
        {
            foreach (int resized in new[] { length, length * 2, length / 3, 70_000 })
            {
                NativeMemoryOwner<int> owner = Make(length);
                owner.Resize(resized);
                Fill(owner);
                NativeAllocator allocator = owner.Allocator;
                int* block = owner.Release();
                AssertDisposed(owner);
                owner.Dispose();
                Assert.True(resized == 0 || block[resized - 1] == At(resized - 1));
                allocator.Free(block, (nuint)resized * sizeof(int));
            }
        }
    }

    [Fact]
    public unsafe void It_may_be_released_by_another_thread()
    {
        NativeMemoryOwner<int> owner = Make(10);
        Fill(owner);
        OtherThread.Run(
            () =>
            {
                NativeAllocator allocator = owner.Allocator;
                int* block = owner.Release();
                Assert.Equal(At(9), block[9]);
                allocator.Free(block, 40);
            });
        AssertDisposed(owner);
    }

    [Fact]
    public void Moved_elements_are_the_new_owners_and_the_old_one_counts_as_disposed()
    {
        NativeMemoryOwner<int> source = Make(10);
        Fill(source);
        Memory<int> memory = source.Memory;
        using NativeMemoryOwner<int> target = source.Move();
        AssertDisposed(source);
        source.Dispose();
        AssertDisposed(source);
        Assert.True(HasArrays ? memory.Span == target.GetSpan() : Refuses<ObjectDisposedException>(memory));
        if (!HasArrays)
        {
            Assert.Throws<ObjectDisposedException>(() => memory.Pin());
        }

        Assert.Equal(10, target.Length);
        AssertFilled(target, 10);
        using NativeMemoryOwner<int> again = target.Move();
        again.Resize(100_000);
        AssertFilled(again, 10);
        AssertDisposed(target);
    }
}
