using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Arenas that a finalizer of the program's makes reachable again, after the collector has found them forgotten.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class RevivedArenaTests
{
    private const int Count = 20;

    [Fact]
    public void A_revived_arena_is_disposed_and_the_next_owners_of_its_memory_are_left_alone()
    {
        ConcurrentQueue<NativeArenaOwner> revived = Revive(allocator: null, static _ => { });
        NativeMemoryOwner<byte>[] others = [.. Enumerable.Range(0, 8 * Count).Select(Filled)];
        while (revived.TryDequeue(out NativeArenaOwner? arena))
        {
            Assert.IsType<ObjectDisposedException>(Record.Exception(() => Use(arena)));
            Assert.IsType<ObjectDisposedException>(Record.Exception(arena.Reset));
            Assert.True(arena.IsDisposed);
            arena.Dispose();
        }

        Assert.All(others, static owner => Assert.False(owner.GetSpan().ContainsAnyExcept((byte)1)));
        Array.ForEach(others, static owner => owner.Dispose());
    }

    [Fact]
    public void A_revived_arena_that_is_disposed_or_reset_first_gives_nothing_back_twice()
    {
        foreach (Action<NativeArenaOwner> use in new Action<NativeArenaOwner>[] { static arena => arena.Dispose(), TryReset })
        {
            var allocator = new RecordingAllocator();
            ConcurrentQueue<NativeArenaOwner> revived = Revive(allocator, static _ => { });
            NativeMemoryOwner<byte>[] others = [.. Enumerable.Range(0, 4 * Count).Select(Filled)];
            while (revived.TryDequeue(out NativeArenaOwner? arena))
            {
                use(arena);
                use(arena);
            }

            allocator.AssertAllFreed();
            Assert.All(others, static owner => Assert.False(owner.GetSpan().ContainsAnyExcept((byte)1)));
            Array.ForEach(others, static owner => owner.Dispose());
        }

        static void TryReset(NativeArenaOwner arena) => Assert.Throws<ObjectDisposedException>(arena.Reset);
    }

    [Fact]
    public void A_borrow_that_a_finalizer_begins_keeps_the_memory_until_it_ends()
    {
        var allocator = new RecordingAllocator();
        int good = 0;
        ConcurrentQueue<NativeArenaOwner> revived = Revive(
            allocator,
            arena =>
            {
                try
                {
                    using ArenaBorrow borrow = arena.Borrow();
                    Span<byte> bytes = borrow.AllocateUninitialized<byte>(10_000);
                    bytes.Fill(9);
                    using ArenaScope scope = borrow.BeginScope();
                    scope.AllocateUninitialized<byte>(10_000).Fill(8);
                    arena.Dispose();
                    good += bytes.ContainsAnyExcept((byte)9) ? 0 : 1;
                }
                catch (ObjectDisposedException)
                {
                    // The arena's own finalizer came first.
                    good++;
                }
            });
        Assert.Equal(Count, good);
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0), $"{allocator.LiveBlocks} blocks are still there.");
        allocator.AssertAllFreed();
        Assert.All(revived, static arena => Assert.True(arena.IsDisposed));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void A_forgotten_borrow_of_a_revived_arena_is_freed_when_its_thread_has_ended()
    {
        // The borrow begins before the arena's own finalizer runs, or that refuses it: either way nothing is lost.
        for (int round = 0; round < 5; round++)
        {
            var allocator = new RecordingAllocator();
            _ = Revive(allocator, static arena => OtherThread.Run(() => TryForget(arena)));
            Assert.True(Collector.Until(() => allocator.LiveBlocks == 0), $"{allocator.LiveBlocks} blocks are still there.");
            allocator.AssertAllFreed();
        }

        static void TryForget(NativeArenaOwner arena)
        {
            try
            {
                arena.Borrow().Allocate<byte>(10_000).Fill(7);
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }

    /// <summary>Makes arenas of several blocks, forgets them, and has them back when their blocks were given back.</summary>
    /// <param name="allocator">Of the blocks.</param>
    /// <param name="first">The use of each arena by the finalizer.</param>
    private static ConcurrentQueue<NativeArenaOwner> Revive(NativeAllocator? allocator, Action<NativeArenaOwner> first)
    {
        var revived = new ConcurrentQueue<NativeArenaOwner>();
        Forget();
        Assert.True(Collector.Until(() => revived.Count == Count), $"{revived.Count} arenas came back.");
        Collector.Settle();
        return revived;

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget()
        {
            for (int i = 0; i < Count; i++)
            {
                var arena = NativeArenaOwner.Create(3000, allocator);
                _ = new Keeper(arena, revived, first);
                using ArenaBorrow borrow = arena.Borrow();
                _ = borrow.Allocate<byte>(3000);
                _ = borrow.Allocate<byte>(3000);
                _ = borrow.Allocate<byte>(3000);
            }
        }
    }

    private static void Use(NativeArenaOwner arena)
    {
        using ArenaBorrow borrow = arena.Borrow();
        borrow.AllocateUninitialized<byte>(2000).Fill(0xEE);
    }

    private static NativeMemoryOwner<byte> Filled(int index)
    {
        var owner = NativeMemoryOwner<byte>.Create(index % 2 == 0 ? 3100 : 6000);
        owner.GetSpan().Fill(1);
        return owner;
    }

    /// <summary>An object pool that takes back forgotten objects.</summary>
    private sealed class Keeper(NativeArenaOwner arena, ConcurrentQueue<NativeArenaOwner> revived, Action<NativeArenaOwner> first)
    {
        ~Keeper()
        {
            first(arena);
            revived.Enqueue(arena);
        }
    }
}
