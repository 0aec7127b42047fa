using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Blocks.Stats;

/// <summary>Allocations are counted exactly, although an allocation itself counts nothing.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class AllocationCensusTests
{
    public AllocationCensusTests()
    {
        Needs.Caches();
        Collector.Settle();
    }

    [Fact]
    public void Each_creation_counts_in_its_size_class_and_all_but_the_first_are_hits() => CountsSince.OnFreshThread(static () =>
    {
        var count = new CountsSince();
        for (int i = 0; i < 1000; i++)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(300);
        }

        Expect(count.Allocations(), (320, 1000));
        Expect(count.Fresh(), (320, 1));
        Expect(count.FromDepot());
        Expect(count.Blocks());
    });

    [Fact]
    public void An_allocation_counts_when_it_begins() => CountsSince.OnFreshThread(static () =>
    {
        var count = new CountsSince();
        using NativeBuffer<int> buffer = NativeBuffer.Create<int>(250);
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(2000);
        using PooledBuffer<byte> pooled = NativeMemoryPool<byte>.Shared.RentBuffer(60);
        Expect(count.Allocations(), (1024, 1), (2048, 1), (64, 1));
        Expect(count.Blocks(), (1024, 1), (2048, 1), (64, 1));
        Expect(count.Bytes(), (1024, 1024), (2048, 2048), (64, 64));
    });

    [Fact]
    public void A_block_from_the_depot_is_no_hit() => CountsSince.OnFreshThread(static () =>
    {
        Use(500);
        var count = new CountsSince();
        NativeBuffer.Create<byte>(64).Dispose();
        CountsSince.OnFreshThread(static () => { });
        Expect(count.Allocations(), (64, 1));

        // The thread has ended, and its blocks go to the depot when the next one looks for its cache.
        var second = new CountsSince();
        Exception? failure = null;
        var other = new Thread(() => failure = Record.Exception(static () => Use(1)));
        var first = new Thread(static () => Use(100));
        first.Start();
        first.Join();
        other.Start();
        other.Join();
        Assert.Null(failure);
        Expect(second.Allocations(), (64, 101));
        Expect(second.Fresh(), (64, 100));
        Expect(second.FromDepot(), (64, 1));

        static void Use(int count)
        {
            var owners = new NativeMemoryOwner<byte>[count];
            for (int i = 0; i < count; i++)
            {
                owners[i] = NativeMemoryOwner<byte>.Create(64);
            }

            foreach (NativeMemoryOwner<byte> owner in owners)
            {
                owner.Dispose();
            }
        }
    });

    [Fact]
    public void A_block_that_changes_hands_is_one_allocation() => CountsSince.OnFreshThread(static () =>
    {
        var count = new CountsSince();
        NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(100);
        NativeBuffer<byte> moved = buffer.Move();
        moved.Resize(120);
        NativeMemoryOwner<byte> owner = moved.ToOwner();
        NativeMemoryOwner<byte> second = owner.Move();
        second.Resize(110);
        Expect(count.Allocations(), (128, 1));
        second.Dispose();
        Expect(count.Allocations(), (128, 1));
    });

    [Fact]
    public void A_block_that_outgrows_its_size_is_followed_by_another_allocation() => CountsSince.OnFreshThread(static () =>
    {
        var count = new CountsSince();
        for (int i = 0; i < 10; i++)
        {
            // The slots were used before, and each kept its size.
            NativeBuffer.Create<byte>(100).Dispose();
            NativeBuffer.Create<byte>(1000).Dispose();
        }

        using NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(100);
        buffer.Resize(1000);
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(5000);
        owner.Resize(1_000_000);
        Expect(count.Allocations(), (128, 11), (1024, 11), (5120, 1), (0, 1));
        Expect(count.Blocks(), (1024, 1), (0, 1));
    });

    [Fact]
    public void An_arena_counts_one_allocation_for_each_chunk_and_none_for_scopes() => CountsSince.OnFreshThread(static () =>
    {
        var count = new CountsSince();
        for (int i = 0; i < 3; i++)
        {
            using NativeArena arena = NativeArena.Create(3000);
            for (int j = 0; j < 10; j++)
            {
                using ArenaScope scope = arena.BeginScope();
                _ = scope.Allocate<byte>(10);
            }

            Assert.Equal(i + 1, count.Allocations().Values.Sum());
        }

        using (NativeBuffer<byte> after = NativeBuffer.Create<byte>(3100))
        {
        }

        Assert.Equal(4, count.Allocations().Values.Sum());
        Assert.Single(count.Allocations());
    });

    [Fact]
    [SuppressMessage("Ownership", "NB0010", Justification = "The test is about blocks without an owner.")]
    public void Bare_blocks_large_ones_and_those_of_other_allocators_count() => CountsSince.OnFreshThread(static () =>
    {
        var count = new CountsSince();
        unsafe
        {
            for (int i = 0; i < 10; i++)
            {
                void* block = NativeAllocator.Default.Allocate(700);
                NativeAllocator.Default.Free(block, 700);
            }
        }

        using NativeBuffer<byte> large = NativeBuffer.Create<byte>(1_000_000);
        using NativeBuffer<byte> foreign = NativeBuffer.Create<byte>(100, NativeAllocator.Malloc);
        Expect(count.Allocations(), (768, 10), (0, 1), (-1, 1));
        Expect(count.Fresh(), (768, 1), (0, 1), (-1, 1));
        Expect(count.Bytes(), (0, 1_048_576), (-1, 100));
    });

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Counts_stay_when_blocks_go_and_threads_end()
    {
        var count = new CountsSince();
        NativeMemoryOwner<byte>? left = null;
        CountsSince.OnFreshThread(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                NativeBuffer.Create<byte>(9000).Dispose();
            }

            // One that is never disposed, one that another thread will dispose, and one that is disposed out of the cache's order.
            _ = NativeBuffer.Create<byte>(9000);
            left = NativeMemoryOwner<byte>.Create(9000);
        });
        Expect(count.Allocations(), (10_240, 52));
        NativeMemoryCache.Trim();
        Expect(count.Allocations(), (10_240, 52));
        left!.Dispose();
        Expect(count.Allocations(), (10_240, 52));
        NativeMemoryCache.Trim();
        Expect(count.Allocations(), (10_240, 52));
        Expect(count.Blocks());
    }

    private static void Expect(Dictionary<long, long> found, params (long Size, long Count)[] expected) =>
        Assert.Equal(expected.OrderBy(static each => each.Size), found.Select(static each => (each.Key, each.Value)).OrderBy(static each => each.Key));
}
