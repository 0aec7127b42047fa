using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Copies, values that are nothing, and ends in all orders.</summary>
[CorrectProgram]
[SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
[SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
[SuppressMessage("Ownership", "NB0005", Justification = "Copies and stale variables are the subject.")]
public class ArenaLifetimeTests
{
    [Fact]
    public void Default_is_no_arena_and_its_members_throw()
    {
        NativeArena arena = default;
        Assert.Equal(0, arena.AllocatedBytes);
        Assert.False(arena.IsDisposed);
        arena.Dispose();
        arena.Dispose();
        Assert.False(arena.IsDisposed);
        Assert.Equal("Over", Try(arena));
        Assert.Equal("Over", TryScope(arena));
    }

    [Fact]
    public void Default_is_no_scope_and_no_borrow()
    {
        ArenaScope scope = default;
        scope.Dispose();
        Assert.Equal("Over", Try(scope));
        ArenaBorrow borrow = default;
        borrow.Dispose();
        Assert.Equal(0, borrow.AllocatedBytes);
        Assert.Equal("Over", Try(borrow));
        Assert.Equal("Over", TryView(borrow, default(ArenaSlice<int>)));
    }

    [Fact]
    public void Copies_allocate_after_each_other_and_end_together()
    {
        var arena = NativeArena.Create();
        NativeArena copy = arena;
        Span<int> first = arena.Allocate<int>(10);
        Span<int> second = copy.Allocate<int>(10);
        Assert.True(Unsafe.AreSame(ref Unsafe.Add(ref first[0], 10), ref second[0]));
        Assert.Equal(80, arena.AllocatedBytes);
        copy.Dispose();
        Assert.True(arena.IsDisposed);
        Assert.True(copy.IsDisposed);
        Assert.Equal(0, arena.AllocatedBytes);
        Assert.Equal("Over", Try(arena));
        Assert.Equal("Over", Try(copy));
        Assert.Equal("Over", TryScope(arena));
        arena.Dispose();
        copy.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    [SuppressMessage("Ownership", "NB0001", Justification = "A stale copy ends the scope, or nothing does: its arena has ended.")]
    public void A_stale_copy_frees_nothing_of_the_next_arena_in_its_place(int more)
    {
        var stale = NativeArena.Create();
        ArenaScope staleScope = stale.BeginScope();
        _ = staleScope.Allocate<byte>(more);
        NativeArena copy = stale;
        copy.Dispose();
        for (int i = 0; i < 10; i++)
        {
            using var next = NativeArena.Create();
            Span<int> numbers = next.Allocate<int>(100);
            numbers.Fill(i + 1);
            using ArenaScope scope = next.BeginScope();
            Span<int> within = scope.Allocate<int>(100);
            within.Fill(-1);
            stale.Dispose();
            staleScope.Dispose();
            copy.Dispose();
            Assert.True(stale.IsDisposed);
            Assert.Equal(0, stale.AllocatedBytes);
            Assert.Equal("Over", Try(stale));
            Assert.Equal("Over", Try(staleScope));
            Assert.Equal("Over", TryScope(stale));
            using var another = NativeArena.Create();
            another.Allocate<int>(100).Fill(-2);
            Assert.False(next.IsDisposed);
            Assert.False(within.ContainsAnyExcept(-1));
            Assert.False(numbers.ContainsAnyExcept(i + 1));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_scope_that_ended_before_its_arena_is_no_scope_of_the_next(int scopes)
    {
        var stale = NativeArena.Create();
        scoped ArenaScope staleScope = default;
        for (int i = 0; i < scopes; i++)
        {
            ArenaScope scope = stale.BeginScope();
            staleScope = scope;
            scope.Dispose();
        }

        stale.Dispose();
        for (int i = 0; i < scopes + 2; i++)
        {
            var next = NativeArena.Create();
            Assert.Equal("Over", Try(staleScope));
            ArenaScope current = next.BeginScope();
            staleScope.Dispose();
            Assert.Equal("Over", Try(staleScope));
            Assert.Equal("Done", Try(current));
            current.Dispose();
            next.Dispose();
        }
    }

    [Fact]
    public void A_stale_copy_frees_nothing_of_the_next_buffer_in_its_place()
    {
        for (int i = 0; i < 10; i++)
        {
            var stale = NativeArena.Create(initialBytes: 8000);
            ArenaScope staleScope = stale.BeginScope();
            stale.Dispose();
            using var buffer = NativeBuffer.Create<int>(2048);
            buffer.Fill(7);
            stale.Dispose();
            staleScope.Dispose();
            Assert.Equal("Over", Try(stale));
            Assert.Equal("Over", Try(staleScope));
            using var other = NativeBuffer.CreateUninitialized<int>(2048);
            other.Fill(8);
            Assert.False(buffer.IsDisposed);
            Assert.False(buffer.AsSpan().ContainsAnyExcept(7));
            using var owner = NativeMemoryOwner<int>.Create(2048);
            stale.Dispose();
            Assert.False(owner.IsDisposed);
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test is about a second disposal.")]
    public void A_stale_buffer_frees_nothing_of_the_next_arena_in_its_place()
    {
        for (int i = 0; i < 10; i++)
        {
            NativeBuffer<byte> stale = NativeBuffer.Create<byte>(4200);
            NativeBuffer<byte> copy = stale;
            copy.Dispose();
            PooledBuffer<byte> pooled = NativeMemoryPool<byte>.Shared.RentBuffer(4200);
            pooled.Dispose();
            using var arena = NativeArena.Create();
            using ArenaScope scope = arena.BeginScope();
            Span<int> numbers = scope.Allocate<int>(100);
            numbers.Fill(3);
            stale.Dispose();
            pooled.Dispose();
            Assert.True(stale.IsDisposed);
            Assert.True(pooled.IsDisposed);
            using var other = NativeArena.Create();
            other.Allocate<int>(1000).Fill(4);
            Assert.False(numbers.ContainsAnyExcept(3));
        }
    }

    [Fact]
    public void While_a_scope_is_open_only_the_innermost_allocates()
    {
        using var arena = NativeArena.Create();
        using ArenaScope outer = arena.BeginScope();
        Assert.Equal("Hidden", Try(arena));
        Assert.Equal("Hidden", TryScope(arena));
        using (ArenaScope inner = outer.BeginScope())
        {
            Assert.Equal("Hidden", Try(arena));
            Assert.Equal("Hidden", Try(outer));
            Assert.Equal("Done", Try(inner));
        }

        Assert.Equal("Hidden", Try(arena));
        Assert.Equal("Done", Try(outer));
        ArenaScope copy = outer;
        copy.Dispose();
        outer.Dispose();
        Assert.Equal("Over", Try(outer));
        Assert.Equal("Over", Try(copy));
        Assert.Equal("Done", Try(arena));
    }

    [Fact]
    public void Disposing_an_outer_scope_ends_those_within_once()
    {
        using var arena = NativeArena.Create();
        Span<int> before = arena.Allocate<int>(10);
        before.Fill(1);
        ArenaScope outer = arena.BeginScope();
        ArenaScope inner = outer.BeginScope();
        _ = inner.Allocate<byte>(100_000);
        ArenaScope innermost = inner.BeginScope();
        outer.Dispose();
        Assert.Equal(40, arena.AllocatedBytes);
        ArenaScope next = arena.BeginScope();
        Span<int> within = next.Allocate<int>(1000);
        within.Fill(2);
        inner.Dispose();
        innermost.Dispose();
        outer.Dispose();
        Assert.Equal("Over", Try(inner));
        Assert.Equal("Over", Try(innermost));
        Assert.Equal("Done", Try(next));
        Assert.Equal("Hidden", Try(arena));
        Assert.False(within.ContainsAnyExcept(2));
        next.Dispose();
        Assert.False(before.ContainsAnyExcept(1));
        Assert.Equal(40, arena.AllocatedBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SuppressMessage("Ownership", "NB0004", Justification = "Scopes of a disposed arena must refuse.")]
    public void Disposing_an_arena_ends_its_scopes(bool isRecorded)
    {
        var allocator = new RecordingAllocator();
        var arena = NativeArena.Create(100, isRecorded ? allocator : null);
        ArenaScope outer = arena.BeginScope();
        ArenaScope inner = outer.BeginScope();
        _ = inner.Allocate<byte>(10_000);
        arena.Dispose();
        allocator.AssertAllFreed();
        Assert.Equal("Over", Try(inner));
        Assert.Equal("Over", Try(outer));
        Assert.Equal("Over", TryScope(inner));
        inner.Dispose();
        outer.Dispose();
        arena.Dispose();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_scope_frees_exactly_its_own_allocations()
    {
        var allocator = new RecordingAllocator();
        using (var arena = NativeArena.Create(1000, allocator))
        {
            _ = arena.Allocate<byte>(500);
            long before = arena.AllocatedBytes;
            int blocks = allocator.LiveBlocks;
            nint next = AddressOf(arena);
            foreach (int length in new[] { 0, 1, 200, 5000, 100_000, 1_000_000 })
            {
                using (ArenaScope scope = arena.BeginScope())
                {
                    scope.Allocate<byte>(length).Fill(0xFF);
                    scope.Allocate<byte>(length / 2).Fill(0xFE);
                }

                Assert.Equal(before, arena.AllocatedBytes);
                Assert.Equal(blocks, allocator.LiveBlocks);
                Assert.Equal(next, AddressOf(arena));
            }
        }

        allocator.AssertAllFreed();

        static unsafe nint AddressOf(in NativeArena arena)
        {
            using ArenaScope scope = arena.BeginScope();
            fixed (byte* first = scope.Allocate<byte>(1))
            {
                return (nint)first;
            }
        }
    }

    [Fact]
    public void Arenas_of_one_thread_do_not_mix()
    {
        for (int round = 0; round < 5; round++)
        {
            var first = NativeArena.Create();
            Span<int> ofFirst = first.Allocate<int>(500);
            ofFirst.Fill(1);
            var second = NativeArena.Create();
            ArenaScope scope = first.BeginScope();
            Span<int> ofSecond = second.Allocate<int>(3000);
            ofSecond.Fill(2);
            scope.Allocate<int>(3000).Fill(3);
            Assert.False(ofSecond.ContainsAnyExcept(2));
            scope.Dispose();
            using (var third = NativeArena.Create())
            {
                third.Allocate<int>(3000).Fill(4);
                Assert.False(ofFirst.ContainsAnyExcept(1));
                Assert.False(ofSecond.ContainsAnyExcept(2));
            }

            first.Dispose();
            using var fourth = NativeArena.Create();
            fourth.Allocate<int>(500).Fill(5);
            Assert.False(ofSecond.ContainsAnyExcept(2));
            second.Dispose();
        }
    }

    private static string Try(in NativeArena arena)
    {
        try
        {
            _ = arena.Allocate<int>(1);
            _ = arena.AllocateUninitialized<byte>(0);
            _ = arena.CopyFrom<int>([1]);
            _ = arena.New(1);
            return "Done";
        }
        catch (InvalidOperationException exception)
        {
            return Named(exception);
        }
    }

    private static string Try(in ArenaScope scope)
    {
        try
        {
            _ = scope.Allocate<int>(1);
            return "Done";
        }
        catch (InvalidOperationException exception)
        {
            return Named(exception);
        }
    }

    private static string Try(in ArenaBorrow borrow)
    {
        try
        {
            _ = borrow.AllocateSlice<int>(1);
            return "Done";
        }
        catch (InvalidOperationException exception)
        {
            return Named(exception);
        }
    }

    private static string TryScope(in NativeArena arena)
    {
        try
        {
            arena.BeginScope().Dispose();
            return "Done";
        }
        catch (InvalidOperationException exception)
        {
            return Named(exception);
        }
    }

    private static string TryScope(in ArenaScope scope)
    {
        try
        {
            scope.BeginScope().Dispose();
            return "Done";
        }
        catch (InvalidOperationException exception)
        {
            return Named(exception);
        }
    }

    private static string TryView(in ArenaBorrow borrow, ArenaSlice<int> slice)
    {
        try
        {
            _ = borrow.AsSpan(slice);
            return "Done";
        }
        catch (InvalidOperationException exception)
        {
            return Named(exception);
        }
    }

    private static string Named(InvalidOperationException exception) => exception is ObjectDisposedException ? "Over" : "Hidden";
}
