using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Arenas;

/// <summary>The allocator of an arena's blocks has no memory, or throws.</summary>
public class ArenaOutOfMemoryTests
{
    [Theory]
    [InlineData(ArenaKind.Arena)]
    [InlineData(ArenaKind.Scope)]
    [InlineData(ArenaKind.Borrow)]
    [InlineData(ArenaKind.ScopeOfBorrow)]
    public void An_arena_that_could_not_grow_is_as_before(ArenaKind kind)
    {
        var allocator = new RecordingAllocator();
        AnyArena.With(
            kind,
            (in AnyArena arena) =>
            {
                Span<byte> first = arena.Allocate<byte>(100);
                first.Fill(1);
                for (int round = 0; round < 3; round++)
                {
                    allocator.BlocksLeft = 0;
                    int blocks = allocator.LiveBlocks;
                    _ = Assert.IsType<OutOfMemoryException>(AnyArena.Thrown(arena, static (in AnyArena each) => each.Allocate<byte>(300_000)));
                    _ = Assert.IsType<OutOfMemoryException>(AnyArena.Thrown(arena, static (in AnyArena each) => each.Allocate<byte>(1 << 25)));
                    allocator.ThrownByAllocate = new InvalidTimeZoneException();
                    _ = Assert.IsType<InvalidTimeZoneException>(AnyArena.Thrown(arena, static (in AnyArena each) => each.Allocate<byte>(1 << 24)));
                    allocator.ThrownByAllocate = null;
                    Assert.Equal(blocks, allocator.LiveBlocks);
                    Span<byte> second = arena.Allocate<byte>(100);
                    Assert.False(second.ContainsAnyExcept((byte)0));
                    allocator.BlocksLeft = int.MaxValue;
                    arena.Allocate<byte>(100_000).Fill(2);
                    Assert.False(first.ContainsAnyExcept((byte)1));
                    Assert.False(second.ContainsAnyExcept((byte)0));
                }
            },
            initialBytes: 1000,
            allocator);
        allocator.AssertAllFreed();
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "Creations and disposals fail here.")]
    public void A_scope_that_cannot_begin_leaves_the_arena_unchanged()
    {
        var allocator = new RecordingAllocator();
        using (var arena = NativeArena.Create(100, allocator))
        {
            _ = arena.Allocate<byte>(90);
            allocator.BlocksLeft = 0;
            try
            {
                _ = arena.BeginScope();
                Assert.Fail("There was memory.");
            }
            catch (OutOfMemoryException)
            {
            }

            Assert.Equal(90, arena.AllocatedBytes);
            _ = arena.Allocate<byte>(1);
            allocator.BlocksLeft = int.MaxValue;
            using ArenaScope scope = arena.BeginScope();
            _ = scope.Allocate<byte>(100_000);
        }

        allocator.AssertAllFreed();
    }

    [Fact]
    public void Where_nothing_can_be_had_no_arena_is_created()
    {
        var allocator = new RecordingAllocator { BlocksLeft = 0 };
        Assert.Throws<OutOfMemoryException>(() => { NativeArena.Create(100, allocator); });
        Assert.Throws<OutOfMemoryException>(() => NativeArenaOwner.Create(100, allocator));
        allocator.ThrownByAllocate = new InvalidTimeZoneException();
        Assert.Throws<InvalidTimeZoneException>(() => { NativeArena.Create(100, allocator); });
        Assert.Throws<InvalidTimeZoneException>(() => NativeArenaOwner.Create(100, allocator));
        allocator.AssertAllFreed();
    }

    /// <summary>An allocator's free must not throw. If it does, the arena still must not hand out the freed block.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SuppressMessage("Ownership", "NB0001", Justification = "Creations and disposals fail here.")]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
    [SuppressMessage("Ownership", "NB0004", Justification = "The test uses a view that has ended.")]
    public void A_block_whose_free_threw_is_not_used(bool isArena)
    {
        var allocator = new RecordingAllocator();
        var arena = NativeArena.Create(100, allocator);
        Span<byte> kept = arena.Allocate<byte>(50);
        ArenaScope scope = arena.BeginScope();
        _ = scope.Allocate<byte>(3000);
        _ = scope.Allocate<byte>(30_000);
        allocator.ThrownByFree = new InvalidTimeZoneException();
        try
        {
            if (isArena)
            {
                arena.Dispose();
            }
            else
            {
                scope.Dispose();
            }

            Assert.Fail("Nothing was freed.");
        }
        catch (InvalidTimeZoneException)
        {
        }

        allocator.ThrownByFree = null;
        Assert.Equal(isArena, arena.IsDisposed);
        try
        {
            // The scope is over, whichever was disposed.
            _ = scope.Allocate<byte>(10);
            Assert.Fail("The scope goes on.");
        }
        catch (ObjectDisposedException)
        {
        }

        if (!isArena)
        {
            arena.Allocate<byte>(10_000).Fill(3);
            Assert.False(kept.ContainsAnyExcept((byte)0));
            arena.Dispose();
            allocator.AssertAllFreed();
        }

        Assert.Empty(allocator.Mistakes);
    }
}
