using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Blocks.Cache.Stores;

/// <summary>A thread owns the runs of its bare blocks. Other threads free them, visitors take the runs away, and the thread ends.</summary>
[Collection(ProcessWide.Name)]
public class OwnedRunTests
{
    private const int Large = 14 * 1024;

    public OwnedRunTests() => Needs.Caches();

    [Fact]
    public void Blocks_that_were_freed_in_random_order_are_taken_in_the_order_of_their_addresses() =>
        OtherThread.Run(
            static () =>
            {
                nint[] blocks = TakeMany(4000, 64);
                new Random(1).Shuffle(blocks);
                GiveMany(blocks, 64);
                nint[] again = TakeMany(4000, 64);
                Assert.InRange(again.Zip(again.Skip(1)).Count(static pair => pair.Second == pair.First + 64), 1000, 4000);
                GiveMany(again, 64);
            });

    [Theory]
    [InlineData(64)]
    [InlineData(16 * 1024)]
    public void One_block_that_comes_and_goes_is_always_the_same(int byteCount) =>
        OtherThread.Run(
            () =>
            {
                nint first = Take(byteCount);
                Give(first, byteCount);
                for (int i = 0; i < 500; i++)
                {
                    nint next = Take(byteCount);
                    Assert.Equal(first, next);
                    Give(next, byteCount);
                }
            });

    [Fact]
    public void A_block_that_its_thread_frees_twice_is_handed_out_once() =>
        OtherThread.Run(
            static () =>
            {
                nint block = Take(192);
                Give(block, 192);
                Give(block, 192);
                TakesDistinctBlocks(192);
            });

    [Fact]
    public void A_block_that_another_thread_frees_twice_is_handed_out_once() =>
        OtherThread.Run(
            static () =>
            {
                nint[] blocks = TakeMany(1500, 192);
                OtherThread.Run(
                    () =>
                    {
                        GiveMany(blocks, 192);
                        GiveMany(blocks[..700], 192);
                    });

                // The ended thread has kept some of them.
                NativeMemoryCache.Trim();
                TakesDistinctBlocks(192);
            });

    [Fact]
    public void A_block_that_two_threads_free_frees_no_block_of_the_next_owner_of_its_run() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                nint[] blocks = [];
                OtherThread.Run(
                    () =>
                    {
                        nint[] rest = UseUp();
                        blocks = TakeMany(40, Large);

                        // More than a thread keeps, so that they are noted in the runs.
                        OtherThread.Run(() => GiveMany([.. blocks.Where(static (_, i) => i % 4 == 0)], Large));
                        GiveMany(blocks, Large);
                        GiveMany(rest, Large);
                    });
                nint[] next = TakeMany(80, Large);
                nint[] last = [.. blocks.Where(static (_, i) => i % 4 == 3)];
                nint[] given = [.. next.Where(block => last.Contains(block)), .. next.Where(block => !blocks.Contains(block)).Take(10)];
                OtherThread.Run(() => GiveMany(given, Large));
                nint[] live = [.. next.Except(given)];
                nint[] more = TakeMany(80, Large);
                Assert.Empty(more.Intersect(live));
                GiveMany(live, Large);
                GiveMany(more, Large);
            });

    [Fact]
    public void Runs_that_their_owner_has_freed_last_go_back_by_time() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long returned = CacheLimits.ReturnedBytes;
                nint[] rest = UseUp();
                nint[] blocks = TakeMany(400, Large);
                Array.ForEach(blocks, static block => Touch(block, Large));
                OtherThread.Run(() => GiveMany([.. blocks.Where(static (_, i) => i % 4 == 0)], Large));
                GiveMany([.. blocks.Where(static (_, i) => i % 4 != 0)], Large);
                Assert.InRange(CacheLimits.ReturnedBytes - returned, IdleTimer.LeastBytes, 400 * Large * 2);
                IdleTimer.Pass();
                Assert.Equal(returned, CacheLimits.ReturnedBytes);
                for (int pass = 0; pass < 3; pass++)
                {
                    IdleTimer.Pass();
                }

                Assert.InRange(blocks.Count(static block => IsResident(block + 4096)), 0, 8);
                GiveMany(rest, Large);
            });

    [Fact]
    public void A_thread_that_only_frees_keeps_its_current_run() =>
        OtherThread.Run(
            static () =>
            {
                nint[] blocks = TakeMany(41, Large);
                for (int pass = 0; pass < 8; pass++)
                {
                    // A full run turns into one without used blocks.
                    GiveMany(blocks[(4 * pass)..(4 * (pass + 1))], Large);
                    IdleTimer.Pass();
                }

                var count = new CountsSince();
                nint last = Take(Large);
                Assert.Empty(count.Fresh());
                GiveMany([.. blocks[32..], last], Large);
            });

    [Fact]
    public void One_trim_gives_back_the_blocks_of_buffers_that_lie_in_runs_with_an_owner() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                var buffers = new HashSet<nint>();
                nint[] blocks = [];
                using var filled = new ManualResetEventSlim();
                using var done = new ManualResetEventSlim();
                var idle = new Thread(
                    () =>
                    {
                        MakeBuffers(2000);
                        filled.Set();
                        done.Wait();
                        GiveMany(blocks, 1024);
                    })
                {
                    IsBackground = true,
                };
                idle.Start();
                filled.Wait(TestContext.Current.CancellationToken);
                NativeMemoryCache.Trim();
                Assert.InRange(buffers.Count(block => block % 4096 == 0 && IsWhole(block) && IsResident(block)), 0, 2);
                done.Set();
                idle.Join();

                // Four buffers have the page, and the run has blocks without slots, too.
                bool IsWhole(nint page) =>
                    buffers.Contains(page + 1024) && buffers.Contains(page + 2048) && buffers.Contains(page + 3072)
                        && blocks.Any(block => block / BlockRun.Size == page / BlockRun.Size);

                unsafe void MakeBuffers(int count)
                {
                    if (count == 0)
                    {
                        blocks = TakeMany(200, 1024);
                        return;
                    }

                    using var buffer = NativeBuffer.Create<byte>(1024);
                    buffers.Add((nint)Unsafe.AsPointer(ref buffer[0]));
                    MakeBuffers(count - 1);
                }
            });

    [Fact]
    public void Without_room_for_a_run_each_block_is_one_fresh_allocation() =>
        OtherThread.Run(
            static () =>
            {
                long limit = CacheLimits.ProcessBytes;
                CacheLimits.ProcessBytes = 0;
                try
                {
                    NativeMemoryCache.Trim();
                    var count = new CountsSince();
                    GiveMany(TakeMany(100, 192), 192);
                    Assert.Equal(100, count.Fresh()[192]);
                }
                finally
                {
                    CacheLimits.ProcessBytes = limit;
                }
            });

    [Fact]
    public void Blocks_that_another_thread_has_freed_serve_their_owner_again() =>
        OtherThread.Run(
            static () =>
            {
                HashSet<nint> runs = [];
                for (int turn = 0; turn < 10; turn++)
                {
                    nint[] blocks = TakeMany(2000, 1024);
                    runs.UnionWith(blocks.Select(static block => block / BlockRun.Size));
                    OtherThread.Run(() => GiveMany(blocks, 1024));
                }

                // 32 runs in each turn.
                Assert.InRange(runs.Count, 32, 100);
            });

    [Fact]
    public void Blocks_that_another_thread_has_freed_count_and_go_back_although_the_owner_waits() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long cached = NativeMemoryCache.CachedBytes;
                long reserved = CacheLimits.ReservedBytes;
                nint[] blocks = [];
                using var taken = new ManualResetEventSlim();
                using var done = new ManualResetEventSlim();
                var owner = new Thread(
                    () =>
                    {
                        nint[] rest = UseUp();
                        blocks = TakeMany(400, Large);
                        Array.ForEach(blocks, static block => Touch(block, Large));
                        taken.Set();
                        done.Wait();
                        GiveMany(rest, Large);
                    })
                {
                    IsBackground = true,
                };
                owner.Start();
                taken.Wait(TestContext.Current.CancellationToken);
                GiveMany(blocks, Large);
                Assert.InRange(NativeMemoryCache.CachedBytes - cached, 350 * Large, 500 * Large);
                Assert.InRange(CacheLimits.ReservedBytes - reserved, 350 * Large, 500 * Large);
                NativeMemoryCache.Trim();
                Assert.InRange(NativeMemoryCache.CachedBytes - cached, long.MinValue, 0);
                Assert.InRange(CacheLimits.ReservedBytes - reserved, long.MinValue, 0);
                Assert.Equal(0, blocks.Count(static block => IsResident(block + 4096)));
                done.Set();
                owner.Join();
            });

    [Fact]
    public void The_blocks_of_a_thread_that_has_ended_are_freed_and_go_back() =>
        OtherThread.Run(
            static () =>
            {
                nint[] blocks = [];
                OtherThread.Run(
                    () =>
                    {
                        blocks = TakeMany(400, Large);
                        Array.ForEach(blocks, static block => Touch(block, Large));
                        GiveMany([.. blocks.Where(static (_, i) => i % 8 < 2)], Large);
                    });
                NativeMemoryCache.Trim();
                GiveMany([.. blocks.Where(static (_, i) => i % 8 >= 2)], Large);
                TakesDistinctBlocks(Large);
                NativeMemoryCache.Trim();
                Assert.Equal(0, blocks.Count(static block => IsResident(block + 4096)));
            });

    [Slow]
    [Fact]
    public void Owners_that_end_and_threads_that_free_and_visitors_never_have_one_block_together()
    {
        const int Size = 1024;
        var live = new ConcurrentDictionary<nint, byte>();
        var handedOver = new ConcurrentQueue<nint>();
        var race = new Race();
        race.Run(random => OtherThread.Run(() => TakeSome(random)), TakeSome, _ => GiveSome(int.MaxValue), _ => NativeMemoryCache.Trim());
        GiveSome(int.MaxValue);
        Assert.Empty(live);
        OtherThread.Run(static () => TakesDistinctBlocks(Size));

        void TakeSome(Random random)
        {
            for (int count = random.Next(1, 400); count > 0; count--)
            {
                nint block = Take(Size);
                Assert.True(live.TryAdd(block, 0), "Another thread has the block.");
                Touch(block, Size);
                if (random.Next(3) == 0)
                {
                    GiveLive(block);
                }
                else
                {
                    handedOver.Enqueue(block);
                }
            }

            GiveSome(random.Next(300));
        }

        void GiveSome(int most)
        {
            for (; most > 0 && handedOver.TryDequeue(out nint block); most--)
            {
                GiveLive(block);
            }
        }

        void GiveLive(nint block)
        {
            Assert.True(live.TryRemove(block, out _));
            Give(block, Size);
        }
    }

    /// <summary>Takes the free blocks of the runs that earlier tests use in part. The next ones lie in whole runs.</summary>
    private static nint[] UseUp()
    {
        var blocks = new List<nint>();
        do
        {
            blocks.Add(Take(Large));
        }
        while (blocks.Count(each => each / BlockRun.Size == blocks[^1] / BlockRun.Size) < BlockRun.Size / Large);
        return [.. blocks];
    }

    private static void TakesDistinctBlocks(int byteCount)
    {
        nint[] blocks = TakeMany(3000, byteCount);
        Assert.Equal(blocks.Length, blocks.Distinct().Count());
        GiveMany(blocks, byteCount);
    }

    private static nint[] TakeMany(int count, int byteCount) => [.. Enumerable.Range(0, count).Select(_ => Take(byteCount))];

    private static void GiveMany(nint[] blocks, int byteCount) => Array.ForEach(blocks, block => Give(block, byteCount));

    private static unsafe nint Take(int byteCount) => (nint)NativeAllocator.Default.AllocateUninitialized((nuint)byteCount);

    private static unsafe void Give(nint block, int byteCount) => NativeAllocator.Default.Free((void*)block, (nuint)byteCount);

    private static unsafe void Touch(nint block, int byteCount) => new Span<byte>((void*)block, byteCount).Fill(1);

    /// <summary>Whether the page of an address has memory.</summary>
    private static unsafe bool IsResident(nint address)
    {
        Span<byte> page = stackalloc byte[1];
        Host.Memory.FindResident((void*)(address & ~(nint)(SystemMemory.PageSize - 1)), page);
        return page[0] != 0;
    }
}
