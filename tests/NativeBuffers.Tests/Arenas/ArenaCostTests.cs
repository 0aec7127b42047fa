namespace NativeBuffers.Tests.Arenas;

/// <summary>Arenas leave no blocks when they end, and the rest of the process does not change their cost.</summary>
[Collection(ProcessWide.Name)]
public class ArenaCostTests
{
    public ArenaCostTests() => Needs.Caches();

    [Fact]
    public void Nothing_is_allocated_on_the_managed_heap()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                // A thread keeps slots for the blocks of a chosen allocator: one more after each time that it had several blocks at once.
                for (int i = 0; i < 20; i++)
                {
                    Work();
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 3000; i++)
                {
                    Work();
                }

                Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            });

        static void Work()
        {
            using var arena = NativeArena.Create();
            using var other = NativeArena.Create(initialBytes: 0, NativeAllocator.Malloc, byteLimit: 100_000);
            _ = arena.Allocate<int>(10);
            _ = other.Allocate<byte>(20_000);
            using ArenaScope scope = arena.BeginScope();
            _ = scope.CopyFrom<int>([1, 2, 3]);
            _ = scope.New(1.0);
            _ = scope.AllocateUninitialized<byte>(100_000);
            using ArenaScope inner = scope.BeginScope();
            _ = inner.AllocateUninitialized<byte>(400_000);
        }
    }

    [Fact]
    public void An_owners_borrows_and_resets_allocate_nothing_on_the_managed_heap()
    {
        using var owner = NativeArenaOwner.Create(1000);
        Work(owner);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Work(owner);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Work(NativeArenaOwner owner)
        {
            using (ArenaBorrow arena = owner.Borrow())
            {
                _ = arena.AllocateSlice<int>(10);
                using ArenaScope scope = arena.BeginScope();
                _ = scope.Allocate<byte>(20_000);
            }

            owner.Reset();
        }
    }

    [Fact]
    public void A_million_tiny_arenas_use_no_more_memory_than_one()
    {
        using NoCollections quiet = NoCollections.Begin();
        OtherThread.Run(
            static () =>
            {
                Tiny(10_000);
                long before = NativeMemoryCache.CachedBytes;
                long workingSet = Environment.WorkingSet;
                Tiny(1_000_000);
                Assert.InRange(NativeMemoryCache.CachedBytes - before, -1_000_000, 10_000);
                Assert.InRange(Environment.WorkingSet - workingSet, long.MinValue, 20_000_000);
            });

        static void Tiny(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var arena = NativeArena.Create();
                arena.Allocate<int>(4)[0] = i;
            }
        }
    }

    [Fact]
    public void Scopes_that_grow_by_megabytes_use_no_more_and_more_memory()
    {
        var allocator = new CustomAllocator();
        foreach (NativeAllocator? source in new[] { null, allocator })
        {
            using var arena = NativeArena.Create(allocator: source);
            _ = arena.Allocate<byte>(1000);
            Grow(arena, 3);
            long workingSet = Environment.WorkingSet;
            Grow(arena, 100);
            Assert.InRange(Environment.WorkingSet - workingSet, long.MinValue, 50_000_000);
            Assert.InRange(allocator.LiveBlocks, 0, 1);
        }

        Assert.Equal(0, allocator.LiveBlocks);

        static void Grow(in NativeArena arena, int count)
        {
            for (int i = 0; i < count; i++)
            {
                using ArenaScope scope = arena.BeginScope();
                for (int j = 0; j < 50; j++)
                {
                    scope.AllocateUninitialized<byte>(j == 7 ? 600_000 : 100_000)[0] = 1;
                }
            }
        }
    }

    [Fact]
    public void Trims_and_full_collections_leave_arenas_alone()
    {
        using var owner = NativeArenaOwner.Create(100);
        using var arena = NativeArena.Create(100);
        using ArenaBorrow borrow = owner.Borrow();
        using ArenaScope scope = arena.BeginScope();
        Span<int> first = scope.Allocate<int>(100_000);
        Span<int> second = borrow.Allocate<int>(100_000);
        first.Fill(1);
        second.Fill(2);
        for (int i = 0; i < 5; i++)
        {
            NativeMemoryCache.Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            OtherThread.Run(NativeMemoryCache.Trim);
            scope.Allocate<byte>(10_000).Fill(0xFF);
            borrow.Allocate<byte>(10_000).Fill(0xFF);
            using var other = NativeArena.Create(100);
            other.Allocate<byte>(500_000).Fill(0xFE);
            Assert.False(first.ContainsAnyExcept(1));
            Assert.False(second.ContainsAnyExcept(2));
        }
    }

    [Fact]
    public void Blocks_of_an_arena_go_back_to_the_cache_and_from_there_to_the_system()
    {
        using NoCollections quiet = NoCollections.Begin();
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                using (var arena = NativeArena.Create())
                {
                    _ = arena.Allocate<byte>(100_000);
                    _ = arena.Allocate<byte>(1_000_000);
                    NativeMemoryCache.Trim();
                    Kept.AssertAtMost(before);
                }

                Assert.InRange(NativeMemoryCache.CachedBytes - before, 1_100_000, 1_400_000);
            });
    }
}
