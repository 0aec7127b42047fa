using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Arenas;

/// <summary>One borrow at a time, and what happens to the rest.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
[SuppressMessage("Ownership", "NB0001", Justification = "The test forgets a borrow or an owner, or ends borrows in the order of an array.")]
[SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
public class NativeArenaOwnerTests
{
    [Fact]
    public void A_second_borrow_throws_on_every_thread_until_the_first_ends()
    {
        using var owner = NativeArenaOwner.Create();
        for (int i = 0; i < 3; i++)
        {
            ArenaBorrow first = owner.Borrow();
            ArenaBorrow copy = first;
            using (ArenaScope scope = first.BeginScope())
            {
                Refused();
                OtherThread.Run(Refused);
            }

            Span<int> numbers = copy.Allocate<int>(10);
            numbers.Fill(1);
            Refused();
            Assert.False(numbers.ContainsAnyExcept(1));
            copy.Dispose();
            first.Dispose();
            OtherThread.Run(
                () =>
                {
                    using ArenaBorrow other = owner.Borrow();
                    _ = other.Allocate<int>(1000);
                });
            using ArenaBorrow next = owner.Borrow();
            first.Dispose();
            copy.Dispose();
            Assert.Equal(0, first.AllocatedBytes);
            Assert.NotEqual(0, next.AllocatedBytes);
            Refused();
        }

        void Refused()
        {
            Assert.IsType<InvalidOperationException>(Record.Exception(() => { owner.Borrow(); }));
            Assert.IsType<InvalidOperationException>(Record.Exception(owner.Reset));
        }
    }

    [Fact]
    public void Disposed_while_it_is_borrowed_it_is_freed_when_that_ends()
    {
        var allocator = new RecordingAllocator();
        var owner = NativeArenaOwner.Create(100, allocator);
        using (ArenaBorrow arena = owner.Borrow())
        {
            Span<int> numbers = arena.Allocate<int>(1000);
            ArenaScope scope = arena.BeginScope();
            owner.Dispose();
            OtherThread.Run(owner.Dispose);
            Assert.True(owner.IsDisposed);
            scope.Allocate<int>(100_000).Fill(1);
            scope.Dispose();
            arena.Allocate<int>(100_000).Fill(2);
            Assert.False(numbers.ContainsAnyExcept(0));
            Assert.Throws<ObjectDisposedException>(() => { owner.Borrow(); });
            Assert.Throws<ObjectDisposedException>(owner.Reset);
            Assert.NotEqual(0, allocator.LiveBlocks);
        }

        allocator.AssertAllFreed();
        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { owner.Borrow(); });
        Assert.Throws<ObjectDisposedException>(owner.Reset);
        allocator.AssertAllFreed();
    }

    [Fact]
    public void Allocations_stay_until_a_reset_which_keeps_one_block()
    {
        var allocator = new RecordingAllocator();
        using (var owner = NativeArenaOwner.Create(100, allocator))
        {
            for (int i = 0; i < 3; i++)
            {
                using (ArenaBorrow arena = owner.Borrow())
                {
                    arena.Allocate<byte>(50_000).Fill(0xFF);
                }

                using (ArenaBorrow arena = owner.Borrow())
                {
                    Assert.Equal(50_000, arena.AllocatedBytes);
                    arena.BeginScope().Allocate<byte>(50_000).Fill(0xFF);
                }

                using (ArenaBorrow arena = owner.Borrow())
                {
                    // The scope ended with its borrow.
                    Assert.Equal(50_000, arena.AllocatedBytes);
                    _ = arena.Allocate<byte>(1);
                }

                owner.Reset();
                Assert.Equal(1, allocator.LiveBlocks);
                ArenaBorrow last = owner.Borrow();
                Assert.Equal(0, last.AllocatedBytes);
                Assert.False(last.Allocate<byte>(100).ContainsAnyExcept((byte)0));
                last.Dispose();
                owner.Reset();
            }
        }

        allocator.AssertAllFreed();
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
    public void A_scope_of_an_ended_borrow_does_nothing_to_the_next()
    {
        using var owner = NativeArenaOwner.Create(100);
        ArenaBorrow first = owner.Borrow();
        ArenaScope scope = first.BeginScope();
        ArenaScope inner = scope.BeginScope();
        first.Dispose();
        using ArenaBorrow second = owner.Borrow();
        ArenaScope next = second.BeginScope();
        Span<int> numbers = next.Allocate<int>(10_000);
        numbers.Fill(1);
        inner.Dispose();
        scope.Dispose();
        first.Dispose();
        try
        {
            _ = scope.Allocate<int>(1);
            Assert.Fail("The scope is over.");
        }
        catch (ObjectDisposedException)
        {
        }

        _ = next.Allocate<int>(10_000);
        Assert.False(numbers.ContainsAnyExcept(1));
    }

    [Fact]
    public void Several_owners_are_borrowed_at_once_and_given_back_in_any_order()
    {
        var allocator = new RecordingAllocator();
        NativeArenaOwner[] owners = [.. Enumerable.Range(0, 3).Select(_ => NativeArenaOwner.Create(100, allocator))];
        foreach (int[] order in new[] { new[] { 0, 1, 2 }, [2, 1, 0], [1, 0, 2], [1, 2, 0] })
        {
            ArenaBorrow first = owners[0].Borrow();
            ArenaBorrow second = owners[1].Borrow();
            ArenaBorrow third = owners[2].Borrow();
            foreach (int which in order)
            {
                (which == 0 ? first : which == 1 ? second : third).Dispose();
                owners[which].Borrow().Dispose();
            }
        }

        Array.ForEach(owners, static owner => owner.Dispose());
        allocator.AssertAllFreed();
    }

    [Fact]
    public void Chunks_that_one_thread_took_another_gives_back()
    {
        var allocator = new RecordingAllocator();
        foreach (NativeAllocator? source in new[] { null, allocator })
        {
            for (int i = 0; i < 10; i++)
            {
                var owner = NativeArenaOwner.Create(100, source);
                for (int j = 0; j < 3; j++)
                {
                    OtherThread.Run(
                        () =>
                        {
                            using ArenaBorrow arena = owner.Borrow();
                            arena.Allocate<byte>(5000).Fill(0xFF);
                            arena.Allocate<byte>(300_000).Fill(0xFE);
                        });
                }

                if (i % 2 == 0)
                {
                    OtherThread.Run(owner.Reset);
                }

                NativeMemoryCache.Trim();
                OtherThread.Run(owner.Dispose);
            }
        }

        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_forgotten_owner_is_given_back_and_counted()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        var allocator = new RecordingAllocator();
        for (int i = 0; i < 5; i++)
        {
            Forget(allocator);
        }

        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0), $"{allocator.LiveBlocks} blocks are still there.");
        allocator.AssertAllFreed();

        // Two blocks each.
        Assert.Equal(before + 10, NativeMemoryTracker.AbandonedCount);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(NativeAllocator allocator)
        {
            var owner = NativeArenaOwner.Create(100, allocator);
            using ArenaBorrow arena = owner.Borrow();
            _ = arena.AllocateSlice<byte>(3000);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_forgotten_borrow_keeps_the_memory_until_its_thread_has_ended(bool isDisposed)
    {
        var allocator = new RecordingAllocator();
        OtherThread.Run(
            () =>
            {
                Span<byte> bytes = Borrow(isDisposed);
                Collector.Settle();
                Assert.Equal(2, allocator.LiveBlocks);
                Assert.False(bytes.ContainsAnyExcept((byte)7));
            });
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0), $"{allocator.LiveBlocks} blocks are still there.");
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        unsafe Span<byte> Borrow(bool isDisposed)
        {
            var owner = NativeArenaOwner.Create(100, allocator);
            ArenaBorrow arena = owner.Borrow();
            Span<byte> bytes = arena.Allocate<byte>(3000);
            bytes.Fill(7);
            if (isDisposed)
            {
                owner.Dispose();
            }

            fixed (byte* first = bytes)
            {
                return new Span<byte>(first, bytes.Length);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void When_the_thread_of_a_forgotten_borrow_has_ended_another_may_borrow_or_dispose(bool isScopeOpen)
    {
        var allocator = new RecordingAllocator();
        using var owner = NativeArenaOwner.Create(100, allocator);
        ArenaSlice<int> slice = default;
        OtherThread.Run(() => slice = Forget(owner, isScopeOpen));
        using (ArenaBorrow arena = owner.Borrow())
        {
            Assert.Equal(42, arena.AsSpan(slice)[2]);
            Assert.Equal(0, arena.Allocate<int>(1)[0]);
            Assert.Throws<InvalidOperationException>(() => owner.Borrow().Dispose());
        }

        OtherThread.Run(() => _ = Forget(owner, isScopeOpen));
        owner.Dispose();
        Assert.Equal(0, allocator.LiveBlocks);
        allocator.AssertAllFreed();

        static ArenaSlice<int> Forget(NativeArenaOwner owner, bool isScopeOpen)
        {
            ArenaBorrow arena = owner.Borrow();
            ArenaSlice<int> slice = arena.AllocateSlice<int>(3);
            arena.AsSpan(slice)[2] = 42;
            if (isScopeOpen)
            {
                arena.BeginScope().Allocate<byte>(5000);
            }

            return slice;
        }
    }

    [Fact]
    public void An_owner_that_is_borrowed_is_kept_by_that()
    {
        var allocator = new RecordingAllocator();
        Use(allocator);
        allocator.AssertAllFreed();

        static void Use(NativeAllocator allocator)
        {
            NativeArenaOwner? owner = NativeArenaOwner.Create(100, allocator);
            using ArenaBorrow arena = owner.Borrow();
            owner.Dispose();
            owner = null;
            Span<byte> bytes = arena.Allocate<byte>(10_000);
            bytes.Fill(9);
            Collector.Settle();
            Assert.False(bytes.ContainsAnyExcept((byte)9));
            _ = arena.Allocate<byte>(100_000);
            Collector.Settle();
            Assert.False(bytes.ContainsAnyExcept((byte)9));
        }
    }
}
