using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>Blocks of the default allocator without slots: from runs, many at a time, through bins of their own, and back.</summary>
[Collection(ProcessWide.Name)]
public class BareBlockTests
{
    public BareBlockTests() => Needs.Caches();

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    [InlineData(7000)]
    [InlineData(14_000)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    public void Many_live_blocks_share_no_byte_in_whatever_order_they_come_and_go(int byteCount) =>
        OtherThread.Run(
            () =>
            {
                var random = new Random(byteCount);
                var blocks = new List<(nint Block, byte Mark)>();
                for (int turn = 0; turn < 2000; turn++)
                {
                    if (blocks.Count == 0 || random.Next(5) < 3)
                    {
                        nint block = Take(byteCount);
                        Assert.Equal(0, block % (nint)SizeClasses.Smallest);
                        blocks.Add((block, (byte)turn));
                        Bytes(block, byteCount).Fill((byte)turn);
                    }
                    else
                    {
                        int place = random.Next(blocks.Count);
                        GiveMarked(blocks[place], byteCount);
                        blocks[place] = blocks[^1];
                        blocks.RemoveAt(blocks.Count - 1);
                    }
                }

                blocks.ForEach(block => GiveMarked(block, byteCount));
            });

    [Fact]
    public void Each_size_class_up_to_16_KiB_has_runs()
    {
        Assert.Equal(RunClass.Count, SizeClasses.Of(BlockRun.LargestBlock) + 1);
        Assert.True(BlockRun.Holds(BlockRun.LargestBlock) && !BlockRun.Holds(BlockRun.LargestBlock + 1));
    }

    [Fact]
    public void Neighbours_of_4_KiB_do_not_begin_at_the_same_line_of_a_page() =>
        OtherThread.Run(
            static () =>
            {
                nint[] blocks = [.. Enumerable.Range(0, 1000).Select(static _ => Take(4096))];
                Assert.InRange(blocks.CountBy(static block => block % 4096).Max(static line => line.Value), 1, 100);
                Array.ForEach(blocks, static block => Give(block, 4096));
            });

    [Fact]
    public void Bare_blocks_need_no_slots() =>
        OtherThread.Run(
            static () =>
            {
                Give(Take(64), 64);
                int slabs = SlotTable.Slabs().Length;
                nint[] blocks = [.. Enumerable.Range(0, 5000).Select(static _ => Take(64))];
                Array.ForEach(blocks, static block => Give(block, 64));
                Assert.Equal(slabs, SlotTable.Slabs().Length);
            });

    [Fact]
    public void Pages_of_bare_blocks_go_back_when_all_are_freed_and_trimmed() =>
        OtherThread.Run(
            static () =>
            {
                const int Size = 14 * 1024;
                List<nint> rest = UseUp(Size);
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                nint[] blocks = [.. Enumerable.Range(0, 400).Select(static _ => Take(Size))];
                Array.ForEach(blocks, static block => Bytes(block, Size).Fill(1));
                Assert.Equal(blocks.Length, blocks.Count(static block => IsResident(block + 4096)));
                Array.ForEach(blocks, static block => Give(block, Size));

                // Kept for the next blocks of any size.
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 300 * Size, 500 * Size);
                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before);
                Assert.Equal(0, blocks.Count(static block => IsResident(block + 4096)));
                rest.ForEach(static block => Give(block, Size));
            });

    [Fact]
    public void The_pages_of_free_blocks_between_used_ones_go_back_when_they_are_trimmed() =>
        OtherThread.Run(
            static () =>
            {
                const int Size = 10 * 1024;
                nint[] blocks = [.. Enumerable.Range(0, 300).Select(static _ => Take(Size))];
                Array.ForEach(blocks, static block => Bytes(block, Size).Fill(1));
                nint[] kept = [.. blocks.Where(static (_, i) => i % 6 == 0)];
                nint[] freed = [.. blocks.Except(kept)];
                Array.ForEach(freed, static block => Give(block, Size));
                NativeMemoryCache.Trim();
                Assert.Equal(0, freed.Count(static block => IsResident(block + 4096)));
                Assert.All(kept, static block => Assert.Equal(-1, Bytes(block, Size).IndexOfAnyExcept((byte)1)));
                nint[] again = [.. freed.Select(static _ => Take(Size))];
                Assert.Empty(again.Intersect(kept));
                Array.ForEach(again, static block => Give(block, Size));
                Array.ForEach(kept, static block => Give(block, Size));
            });

    [Fact]
    public void A_run_of_one_size_serves_another_size_afterwards() =>
        OtherThread.Run(
            static () =>
            {
                List<nint> rest = UseUp(320);
                List<nint> restOfOthers = UseUp(448);
                nint[] small = [.. Enumerable.Range(0, 3000).Select(static _ => Take(320))];
                Array.ForEach(small, static block => Give(block, 320));
                NativeMemoryCache.Trim();
                HashSet<nint> runs = [.. small.Select(static block => block / BlockRun.Size)];
                nint[] others = [.. Enumerable.Range(0, 3000).Select(static _ => Take(448))];
                Assert.Contains(others, block => runs.Contains(block / BlockRun.Size));
                Array.ForEach(others, static block => Give(block, 448));
                rest.ForEach(static block => Give(block, 320));
                restOfOthers.ForEach(static block => Give(block, 448));
            });

    [Fact]
    public void Two_passes_free_kept_blocks_that_are_idle() =>
        OtherThread.Run(
            static () =>
            {
                List<nint> rest = UseUp(8192);
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                nint[] blocks = [.. Enumerable.Range(0, 1000).Select(static _ => Take(8192))];
                Array.ForEach(blocks, static block => Give(block, 8192));
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 900 * 8192, 1300 * 8192);
                IdleTimer.Pass();
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 1, long.MaxValue);
                IdleTimer.Pass();
                Kept.AssertAtMost(before);
                rest.ForEach(static block => Give(block, 8192));
            });

    [Fact]
    public void Trim_takes_the_free_blocks_of_a_thread_that_lives() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                long reserved = CacheLimits.ReservedBytes;
                using var filled = new ManualResetEventSlim();
                using var done = new ManualResetEventSlim();
                var idle = new Thread(
                    () =>
                    {
                        Give(Take(2048), 2048);
                        filled.Set();
                        done.Wait();
                        Give(Take(2048), 2048);
                    })
                {
                    IsBackground = true,
                };
                idle.Start();
                filled.Wait(TestContext.Current.CancellationToken);
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 2048, long.MaxValue);
                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before);
                Kept.AssertReservedAtMost(reserved);
                done.Set();
                idle.Join();
                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before);
                Kept.AssertReservedAtMost(reserved);
            });

    [Theory]
    [InlineData(20_000, 100)]
    [InlineData(20_000, 16_384)]
    [InlineData(200, 100)]
    [InlineData(16_000, 64)]
    public unsafe void A_block_that_an_owner_made_smaller_and_released_can_be_freed_by_its_length(int before, int after)
    {
        var owner = NativeMemoryOwner<byte>.Create(before);
        owner.Memory.Span.Fill(7);
        owner.Resize(after);
        byte* block = owner.Release();
        Assert.Equal(-1, new Span<byte>(block, after).IndexOfAnyExcept((byte)7));
        Give((nint)block, after);
        NativeMemoryCache.Trim();
        nint[] blocks = [.. Enumerable.Range(0, 500).Select(_ => Take(after))];
        Assert.Equal(blocks.Length, blocks.Distinct().Count());
        Array.ForEach(blocks, each => Give(each, after));
    }

    [Fact]
    public void If_memory_is_refused_no_block_is_lost() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = NativeMemoryCache.CachedBytes;
                for (int point = 0; point < 8; point++)
                {
                    int left = point;
                    FailPoint.Test(
                        () => left-- == 0,
                        static () =>
                        {
                            nint[] blocks = [.. Enumerable.Range(0, 40).Select(static _ => TryTake(12 * 1024))];
                            Array.ForEach(blocks, static block => Give(block, 12 * 1024));
                        });
                }

                NativeMemoryCache.Trim();
                Kept.AssertAtMost(before);
            });

    [Slow]
    [Fact]
    public void Threads_and_visitors_never_have_one_block_together()
    {
        const int Size = 256;
        var live = new ConcurrentDictionary<nint, byte>();
        var handedOver = new ConcurrentQueue<nint>();
        var race = new Race();
        race.Run(Turn, Turn, _ => NativeMemoryCache.Trim());
        while (handedOver.TryDequeue(out nint left))
        {
            GiveMarked(left);
        }

        // Some blocks go to the other thread, which frees them.
        void Turn(Random random)
        {
            nint[] blocks = [.. Enumerable.Range(0, random.Next(1, 300)).Select(static _ => Take(Size))];
            foreach (nint block in blocks)
            {
                Assert.True(live.TryAdd(block, 0), "Another thread has the block.");
            }

            foreach (nint block in blocks)
            {
                if (random.Next(4) == 0)
                {
                    handedOver.Enqueue(block);
                }
                else
                {
                    GiveMarked(block);
                }
            }

            while (handedOver.TryDequeue(out nint block))
            {
                GiveMarked(block);
            }
        }

        void GiveMarked(nint block)
        {
            Assert.True(live.TryRemove(block, out _));
            Give(block, Size);
        }
    }

    /// <summary>Takes the free blocks of the runs that earlier tests use in part. The next ones lie in whole runs.</summary>
    private static List<nint> UseUp(int byteCount)
    {
        // The bins of ended threads and of this one may have such blocks, too.
        NativeMemoryCache.Trim();
        int countOfRun = BlockRun.Size / (byteCount % 4096 == 0 ? byteCount + CacheLine.Size : byteCount);
        var blocks = new List<nint>();
        var perRun = new Dictionary<nint, int>();
        int count;
        do
        {
            blocks.Add(Take(byteCount));
            count = ++CollectionsMarshal.GetValueRefOrAddDefault(perRun, blocks[^1] / BlockRun.Size, out _);
        }
        while (count < countOfRun);
        return blocks;
    }

    private static nint Take(int byteCount)
    {
        nint block = TryTake(byteCount);
        Assert.NotEqual(0, block);
        return block;
    }

    private static unsafe nint TryTake(int byteCount) => (nint)NativeAllocator.Default.TryAllocate((nuint)byteCount, SizeClasses.Smallest, zeroed: false);

    private static unsafe void Give(nint block, int byteCount) => NativeAllocator.Default.Free((void*)block, (nuint)byteCount);

    private static void GiveMarked((nint Block, byte Mark) taken, int byteCount)
    {
        Assert.Equal(-1, Bytes(taken.Block, byteCount).IndexOfAnyExcept(taken.Mark));
        Give(taken.Block, byteCount);
    }

    private static unsafe Span<byte> Bytes(nint block, int byteCount) => new((void*)block, byteCount);

    /// <summary>Whether the page of an address has memory.</summary>
    private static unsafe bool IsResident(nint address)
    {
        Span<byte> page = stackalloc byte[1];
        Host.Memory.FindResident((void*)(address & ~(nint)(SystemMemory.PageSize - 1)), page);
        return page[0] != 0;
    }
}
