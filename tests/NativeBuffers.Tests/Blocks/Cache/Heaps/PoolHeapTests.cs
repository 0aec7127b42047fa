using System.Runtime.CompilerServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>Each thread has bins of its own for each pool, and a block never gets into those of another pool.</summary>
[Collection(ProcessWide.Name)]
public class PoolHeapTests
{
    [Fact]
    public void A_block_goes_back_to_the_pool_that_it_came_from()
    {
        RecordingAllocator[] allocators = [new(), new(), new()];
        NativeMemoryPool<byte>[] pools = [.. allocators.Select(static allocator => Make(allocator))];
        Exchange();
        OtherThread.Run(Exchange);
        for (int i = 0; i < pools.Length; i++)
        {
            pools[i].Dispose();
            allocators[i].AssertAllFreed();
        }

        void Exchange()
        {
            for (int round = 0; round < 50; round++)
            {
                PooledBuffer<byte>[] buffers = [.. pools.SelectMany(static pool => new[] { pool.RentBuffer(100), pool.RentBuffer(5000) })];
                Array.ForEach(buffers, static buffer => buffer.AsSpan().Fill(1));
                OtherThread.Run(() => Array.ForEach(buffers[..(round % 6)], static buffer => buffer.Dispose()));
                Array.ForEach(buffers, static buffer => buffer.Dispose());
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_blocks_of_a_thread_that_lives_are_freed(bool isDisposed)
    {
        var allocator = new RecordingAllocator();
        NativeMemoryPool<byte> pool = Make(allocator);
        using var kept = new ManualResetEventSlim();
        using var freed = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            pool.RentBuffer(64).Dispose();
            PooledBuffer<byte>[] buffers = [.. Enumerable.Range(0, 300).Select(i => pool.RentBuffer(1 + (i % 3 * 1000)))];
            Array.ForEach(buffers, static buffer => buffer.Dispose());
            kept.Set();
            freed.Wait();
            if (!isDisposed)
            {
                pool.RentBuffer(64).Dispose();
            }
        });
        thread.Start();
        kept.Wait(TestContext.Current.CancellationToken);
        if (isDisposed)
        {
            pool.Dispose();
        }
        else
        {
            pool.Trim();
        }

        Assert.Equal(0, pool.CachedBytes);
        allocator.AssertAllFreed();
        freed.Set();
        thread.Join();
        pool.Dispose();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void The_next_pool_with_the_same_number_gets_no_block_of_the_last_one()
    {
        // A pool that an earlier test forgot would leave its number in between.
        using NoCollections quiet = NoCollections.Begin();
        using var thread = new Worker();
        HashSet<int> numbers = [];
        for (int round = 0; round < 40; round++)
        {
            var allocator = new RecordingAllocator();
            var store = new PoolStore(new NativePoolOptions { Allocator = allocator });
            _ = numbers.Add(store.Heap.Number);
            Use(store, round);
            thread.Run(() => Use(store, round));
            store.Close();
            allocator.AssertAllFreed();
        }

        Assert.InRange(numbers.Count, 1, 2);

        static unsafe void Use(PoolStore store, int round)
        {
            void* small = store.AllocateUninitialized(64);
            void* other = store.AllocateUninitialized(100 * ((nuint)round + 1));
            store.Free(small, 64);
            store.Free(other, (nuint)(100 * (round + 1)));
        }
    }

    [Fact]
    public void The_allocator_of_a_disposed_pool_leaves_the_next_pool_with_its_number_alone()
    {
        using NoCollections quiet = NoCollections.Begin();
        var allocator = new RecordingAllocator();
        var first = new PoolStore(new NativePoolOptions { Allocator = allocator });
        first.Close();
        var next = new PoolStore(new NativePoolOptions { Allocator = allocator });
        Assert.Equal(first.Heap.Number, next.Heap.Number);
        unsafe
        {
            // SAFETY: the blocks have this size, and are not used.
            next.Free(next.AllocateUninitialized(64), 64);
            first.Free(first.AllocateUninitialized(64), 64);
            Assert.Equal((1, 64), (allocator.LiveBlocks, next.CachedBytes));
        }

        next.Close();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_thread_that_gave_its_bins_up_does_not_take_them_for_its_own() =>
        OtherThread.Run(
            static () =>
            {
                var store = new PoolStore(new NativePoolOptions { Allocator = new RecordingAllocator() });
                unsafe
                {
                    // SAFETY: bins are never unmapped, and the cache is this thread's.
                    SharedHandle handle = SharedHandle.Open(PoolPath.TryTake(store.Heap, 64), 64, 1, file: null, line: 0, typeof(byte));
                    Bin* home = handle.Slot->Home;
                    handle.Return();
                    Assert.True(ThreadCache.IsOfHeap(ThreadCache.Mine, home));
                    store.Close();
                    HeapBins.Sweep(ThreadCache.Current(), always: true);
                    Assert.False(ThreadCache.IsOfHeap(ThreadCache.Mine, home));
                    Assert.False(ThreadCache.IsHere(home, out _));
                }
            });

    [Fact]
    public void A_number_is_not_given_again_while_a_buffer_is_rented()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        NativeMemoryPool<byte> pool = Make(allocator);
        PooledBuffer<byte> rented = pool.RentBuffer(100);
        PooledBuffer<byte> large = pool.RentBuffer(1_000_000);
        pool.Dispose();
        var others = new RecordingAllocator();
        NativeMemoryPool<byte>[] next = [.. Enumerable.Range(0, 10).Select(_ => Make(others))];
        Array.ForEach(next, static other => other.RentBuffer(100).Dispose());
        rented.AsSpan().Fill(1);
        large.AsSpan().Fill(2);
        rented.Dispose();
        OtherThread.Run(large.Dispose);
        allocator.AssertAllFreed();
        Assert.Equal(10, others.LiveBlocks);
        Array.ForEach(next, static other => other.Dispose());
        others.AssertAllFreed();
    }

    [Fact]
    public void A_copy_of_a_buffer_of_a_disposed_pool_frees_nothing()
    {
        var allocator = new RecordingAllocator();
        NativeMemoryPool<byte> pool = Make(allocator);
        PooledBuffer<byte>[] copies = [.. Enumerable.Range(0, 100).Select(_ => pool.RentBuffer(100))];
        Array.ForEach(copies, static buffer => buffer.Dispose());
        pool.Dispose();
        using NativeMemoryPool<byte> next = Make(allocator);
        PooledBuffer<byte>[] mine = [.. Enumerable.Range(0, 100).Select(_ => next.RentBuffer(100))];
        Array.ForEach(copies, static copy => copy.Dispose());
        OtherThread.Run(() => Array.ForEach(copies, static copy => copy.Dispose()));
        Assert.All(mine, static buffer => Assert.Equal(100, buffer.Length));
        Assert.All(copies, static copy => Assert.True(copy.IsDisposed));
        Array.ForEach(mine, static buffer => buffer.Dispose());
    }

    [Fact]
    public void The_end_of_a_pool_frees_buffers_that_a_living_thread_has_yet_to_send_home()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        NativeMemoryPool<byte> pool = Make(allocator);
        PooledBuffer<byte>[] buffers = [.. Enumerable.Range(0, 10).Select(_ => pool.RentBuffer(1000))];
        using var disposed = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            Array.ForEach(buffers, static buffer => buffer.Dispose());
            disposed.Set();
            ended.Wait(TestContext.Current.CancellationToken);
        });
        thread.Start();
        disposed.Wait(TestContext.Current.CancellationToken);
        Assert.Equal((10, 10 * 1024), (allocator.LiveBlocks, pool.CachedBytes));
        pool.Dispose();
        ended.Set();
        thread.Join();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_buffer_that_another_thread_gives_back_is_rented_again()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator);
        for (int round = 0; round < 200; round++)
        {
            PooledBuffer<byte> buffer = pool.RentBuffer(1000);
            OtherThread.Run(buffer.Dispose);
            EndedThreads.Reclaim();
            Assert.Equal(1024, pool.CachedBytes);
        }

        Assert.Equal((1, 0), (allocator.LiveBlocks, allocator.FreedBlocks));
        pool.Trim();
        allocator.AssertAllFreed();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1024)]
    public void A_buffer_that_the_limit_does_not_let_the_pool_keep_is_freed_by_the_other_thread(long limit)
    {
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator, limit);
        PooledBuffer<byte>[] buffers = [.. Enumerable.Range(0, 5).Select(_ => pool.RentBuffer(1000))];
        OtherThread.Run(() => Array.ForEach(buffers, static buffer => buffer.Dispose()));
        Assert.Equal(limit, pool.CachedBytes);
        Assert.Equal((int)(limit / 1024), allocator.LiveBlocks);
    }

    [Fact]
    public void The_blocks_of_a_thread_that_has_ended_go_to_the_next_thread()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator);
        for (int round = 0; round < 10; round++)
        {
            OtherThread.Run(() =>
            {
                PooledBuffer<byte>[] buffers = [.. Enumerable.Range(0, 200).Select(_ => pool.RentBuffer(1000))];
                Array.ForEach(buffers, static buffer => buffer.Dispose());
            });
        }

        Assert.Equal((200, 0), (allocator.LiveBlocks, allocator.FreedBlocks));
    }

    [Fact]
    public void Resizes_stay_in_the_pool()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
        PooledBuffer<int> buffer = pool.RentBuffer(10);
        buffer.AsSpan().Fill(7);
        foreach (int length in new[] { 11, 16, 17, 1000, 60_000, 70_000, 1_000_000, 80_000, 10 })
        {
            int kept = int.Min(buffer.Length, length);
            buffer = buffer.Resize(length);
            Assert.Equal(-1, buffer.AsSpan()[..int.Min(kept, 10)].IndexOfAnyExcept(7));
            Assert.Equal(-1, buffer.AsSpan()[int.Min(kept, 10)..].IndexOfAnyExcept(0));
            Assert.Equal(allocator.LiveBytes, pool.CachedBytes + LengthOfClass(buffer.Length * 4));
        }

        OtherThread.Run(() => buffer = buffer.Resize(5000));
        Assert.Equal(7, buffer.AsSpan()[9]);
        pool.Dispose();
        buffer = buffer.Resize(100_000);
        Assert.Equal(1, allocator.LiveBlocks);
        buffer.Dispose();
        allocator.AssertAllFreed();

        static long LengthOfClass(int byteCount) => (long)SizeClasses.SizeOf(SizeClasses.Of((nuint)byteCount));
    }

    [Fact]
    public void A_forgotten_pool_frees_its_blocks_and_those_that_come_back_later()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        PooledBuffer<byte> rented = Forget(allocator);
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 1));
        rented.AsSpan().Fill(1);
        rented.Dispose();
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PooledBuffer<byte> Forget(RecordingAllocator allocator)
        {
            NativeMemoryPool<byte> pool = Make(allocator);
            Array.ForEach([.. Enumerable.Range(0, 20).Select(_ => pool.RentBuffer(1000))], static buffer => buffer.Dispose());
            OtherThread.Run(() => pool.RentBuffer(70).Dispose());
            return pool.RentBuffer(10);
        }
    }

    [Fact]
    public void A_thousand_pools_leave_nothing()
    {
        Needs.BareBlocks();

        // The bins of pools that earlier tests forgot are unused now, and not while this test counts.
        Collector.Settle();
        using var thread = new Worker();
        thread.Run(static () => MakeAndDrop());
        int unused = HeapBins.UnusedCount;
        for (int round = 0; round < 3; round++)
        {
            thread.Run(static () => MakeAndDrop());
        }

        // The bins of the first thousand served again.
        Assert.InRange(HeapBins.UnusedCount, 0, unused + 10);
        thread.Dispose();
        EndedThreads.Reclaim();
        Assert.InRange(HeapBins.UnusedCount, 1000, 2100);

        static void MakeAndDrop()
        {
            var allocator = new RecordingAllocator();
            NativeMemoryPool<byte>[] pools = [.. Enumerable.Range(0, 1000).Select(_ => Make(allocator))];
            Array.ForEach(pools, static pool => pool.RentBuffer(64).Dispose());
            Array.ForEach(pools, static pool => pool.Dispose());
            allocator.AssertAllFreed();
        }
    }

    [Fact]
    public void A_flow_that_looks_for_leaks_sees_the_buffers_of_a_pool()
    {
        Needs.BareBlocks();
        var allocator = new RecordingAllocator();
        using NativeMemoryPool<byte> pool = Make(allocator);
        pool.RentBuffer(100).Dispose();
        PooledBuffer<byte> outside = pool.RentBuffer(100);
        PooledBuffer<byte> leaked = default;
        Assert.ThrowsAny<Exception>(() =>
        {
            using (NativeMemoryTracker.AssertNoLeaks())
            {
                outside.Dispose();
                pool.RentBuffer(100).Dispose();
                leaked = pool.RentBuffer(100);
            }
        });
        leaked.Dispose();
        pool.Trim();
        allocator.AssertAllFreed();
    }

    private static NativeMemoryPool<byte> Make(RecordingAllocator allocator, long limit = 64 << 20) =>
        new(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = limit });
}
