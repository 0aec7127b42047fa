using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Buffers;

/// <summary>The idle blocks of a pool are limited, and are freed.</summary>
[Collection(ProcessWide.Name)]
public class PoolStoreTests
{
    [Fact]
    public void Options_that_cannot_be_are_refused()
    {
        Assert.Throws<ArgumentNullException>(() => new NativeMemoryPool<int>(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativePoolOptions { CachedBytesLimit = -1 });
        Assert.Equal(64L << 20, new NativePoolOptions().CachedBytesLimit);
        Assert.Null(new NativePoolOptions().Allocator);
    }

    [Fact]
    public void A_block_that_came_back_is_the_next_one_of_its_size_and_no_new_one_is_allocated()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator);
        for (int round = 0; round < 100; round++)
        {
            pool.RentBuffer(1000).Dispose();
            pool.Rent(1000).Dispose();
            pool.RentBuffer(1_000_000).Dispose();
            OtherThread.Run(() => pool.RentBuffer(1000).Dispose());
        }

        // Each of the two threads of a round keeps one small block, and all threads share the large one.
        Assert.Equal(3, allocator.LiveBlocks);
        Assert.Equal(0, allocator.FreedBlocks);
        Assert.Equal((2 * 1024) + (1 << 20), pool.CachedBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public void No_more_is_kept_than_the_limit_says(long limit)
    {
        using NoCollections quiet = NoCollections.Begin();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator, limit);
        foreach (int length in new[] { 1, 1000, 4096, 5000, 100_000, 2_000_000 })
        {
            PooledBuffer<byte>[] buffers = [.. Enumerable.Range(0, 50).Select(_ => pool.RentBuffer(length))];
            Array.ForEach(buffers, static buffer => buffer.Dispose());
            Assert.InRange(pool.CachedBytes, 0, limit);
        }

        if (limit == 0)
        {
            allocator.AssertAllFreed();
        }
        else if (limit >= 4096)
        {
            Assert.True(pool.CachedBytes > limit / 2, $"{pool.CachedBytes} bytes kept of {limit}.");
        }
    }

    [Fact]
    public void Threads_together_keep_no_more_than_the_limit_says_and_lose_nothing()
    {
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator, limit: 100_000);
        OtherThread.Together([.. Enumerable.Range(0, 4).Select(seed => (Action)(() => RentAndReturn(seed)))]);
        Assert.InRange(pool.CachedBytes, 1, 100_000);
        pool.Trim();
        Assert.Equal(0, pool.CachedBytes);
        allocator.AssertAllFreed();

        void RentAndReturn(int seed)
        {
            var random = new Random(seed);
            Queue<PooledBuffer<byte>> buffers = [];
            for (int i = 0; i < 3000; i++)
            {
                PooledBuffer<byte> buffer = pool.RentBuffer(random.Next(1, 9000));
                buffer.AsSpan().Fill((byte)(seed + 1));
                buffers.Enqueue(buffer);
                if (buffers.Count > 20)
                {
                    PooledBuffer<byte> oldest = buffers.Dequeue();
                    Assert.Equal(-1, oldest.AsSpan().IndexOfAnyExcept((byte)(seed + 1)));
                    oldest.Dispose();
                }

                if (i % 500 == 0)
                {
                    pool.Trim();
                }
            }

            while (buffers.TryDequeue(out PooledBuffer<byte> buffer))
            {
                buffer.Dispose();
            }
        }
    }

    [Fact]
    public void Trim_frees_all_that_is_kept_and_nothing_that_is_rented()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
        PooledBuffer<int> rented = pool.RentBuffer(100);
        PooledBuffer<int>[] buffers = [.. Enumerable.Range(0, 200).Select(i => pool.RentBuffer(i * 500))];
        Array.ForEach(buffers, static buffer => buffer.Dispose());
        Assert.True(pool.CachedBytes > 0);
        pool.Trim();
        Assert.Equal((0, 1), (pool.CachedBytes, allocator.LiveBlocks));
        rented.AsSpan().Fill(1);
        rented.Dispose();
        Assert.Equal(448, pool.CachedBytes);
        pool.Trim();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_disposed_pool_refuses_to_rent_and_frees_returned_blocks()
    {
        var allocator = new RecordingAllocator();
        NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
        PooledBuffer<int> buffer = pool.RentBuffer(10);
        System.Buffers.IMemoryOwner<int> owner = pool.Rent(10);
        PooledBuffer<int> abroad = pool.RentBuffer(100_000);
        pool.RentBuffer(10).Dispose();
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.RentBuffer(10));
        Assert.Throws<ObjectDisposedException>(() => pool.RentBuffer(1_000_000));
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
        Assert.Equal((3, 0), (allocator.LiveBlocks, pool.CachedBytes));
        buffer.AsSpan().Fill(1);
        buffer.Dispose();
        Assert.Equal(2, allocator.LiveBlocks);
        owner.Memory.Span.Fill(1);
        owner.Dispose();
        OtherThread.Run(abroad.Dispose);
        allocator.AssertAllFreed();
        pool.Trim();
        Assert.Equal(0, pool.CachedBytes);
    }

    [Fact]
    public void A_pool_that_is_disposed_while_threads_return_keeps_nothing()
    {
        for (int round = 0; round < 30; round++)
        {
            var allocator = new RecordingAllocator();
            NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
            PooledBuffer<int>[] buffers = [.. Enumerable.Range(0, 200).Select(_ => pool.RentBuffer(10))];
            OtherThread.Together(pool.Dispose, () => Array.ForEach(buffers, static buffer => buffer.Dispose()));
            allocator.AssertAllFreed();
            Assert.Equal(0, pool.CachedBytes);
        }
    }

    [Fact]
    public void Disposing_the_shared_pool_does_nothing()
    {
        NativeMemoryPool<int>.Shared.Dispose();
        ((IDisposable)NativeMemoryPool<int>.Shared).Dispose();
        using PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(10);
        Assert.Equal(10, buffer.AsSpan().Length);
        Assert.Same(NativeMemoryPool<int>.Shared, NativeMemoryPool<int>.Shared);
    }

    [Fact]
    public void The_shared_pool_is_the_default_caches_and_trims_them()
    {
        Needs.BareBlocks();
        OtherThread.Run(
            static () =>
            {
                NativeMemoryPool<byte>.Shared.Trim();
                long before = NativeMemoryPool<byte>.Shared.CachedBytes;
                NativeMemoryPool<byte>.Shared.RentBuffer(100_000).Dispose();
                Assert.Equal(before + 114_688, NativeMemoryPool<byte>.Shared.CachedBytes);
                Assert.Equal(NativeMemoryCache.CachedBytes, NativeMemoryPool<byte>.Shared.CachedBytes);
                NativeMemoryPool<byte>.Shared.Trim();
                Kept.AssertAtMost(before);
            });
    }

    [Fact]
    public void Only_blocks_that_were_idle_between_two_full_collections_are_freed()
    {
        var allocator = new RecordingAllocator();
        using var store = new Closed(allocator);
        store.Keep(count: 10);
        store.Value.AfterFullCollection(isMemoryShort: false);
        Assert.Equal(10, allocator.LiveBlocks);
        store.Keep(count: 4);
        store.Value.AfterFullCollection(isMemoryShort: false);
        Assert.Equal(4, allocator.LiveBlocks);
        store.Keep(count: 4);
        store.Value.AfterFullCollection(isMemoryShort: false);
        Assert.Equal(4, allocator.LiveBlocks);
        store.Value.AfterFullCollection(isMemoryShort: false);
        allocator.AssertAllFreed();

        store.Keep(count: 10);
        store.Value.AfterFullCollection(isMemoryShort: true);
        allocator.AssertAllFreed();
    }

    [Fact]
    public void Full_collections_empty_an_idle_pool()
    {
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
        pool.RentBuffer(100).Dispose();
        for (int i = 0; i < 20 && allocator.LiveBlocks > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        allocator.AssertAllFreed();
        Assert.Equal(0, pool.CachedBytes);
        GC.KeepAlive(pool);
    }

    [Fact]
    public void A_rented_owner_names_the_pool_and_is_freed_by_it_when_released()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
        var owner = (NativeMemoryOwner<int>)pool.Rent(10);
        NativeAllocator freedBy = owner.Allocator;
        Assert.Equal("Pool(Recording)", freedBy.Name);
        unsafe
        {
            freedBy.Free(owner.Release(), 40);
        }

        Assert.Equal((1, 64), (allocator.LiveBlocks, pool.CachedBytes));
        pool.Trim();
        allocator.AssertAllFreed();
    }

    private static NativeMemoryPool<byte> Make(RecordingAllocator allocator, long limit = 64 << 20) =>
        new(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = limit });

    /// <summary>A store without its pool.</summary>
    private sealed class Closed(RecordingAllocator allocator) : IDisposable
    {
        public PoolStore Value { get; } = new(new NativePoolOptions { Allocator = allocator });

        /// <summary>Has this number of blocks rented at once, and returns them to the depot bin of any processor.</summary>
        public unsafe void Keep(int count)
        {
            void*[] blocks = new void*[count];
            for (int i = 0; i < count; i++)
            {
                blocks[i] = Value.Allocate(1000);
            }

            foreach (void* block in blocks)
            {
                Value.Free(block, 1000);
            }
        }

        public void Dispose() => Value.Close();
    }
}
