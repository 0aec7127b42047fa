using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Stats;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>The hot blocks of threads that wait go back, with their room. The threads go on as if nothing had happened.</summary>
[Collection(ProcessWide.Name)]
public class WithdrawnBlocksTests
{
    private const int Length = 40_000;

    private static readonly int[] s_lengths = [64, 1000, 40_000, 250_000];

    public WithdrawnBlocksTests()
    {
        Needs.Caches();
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A waiting thread may run code there.");
        Assert.SkipWhen(Environment.Version.Major != 10, "See WaitStateTests.");
    }

    public static TheoryData<string> Waits => WaitingThread.Waits;

    [Theory]
    [MemberData(nameof(Waits))]
    public void Trim_frees_the_hot_blocks_of_a_thread_that_waits(string wait)
    {
        long before = TrimmedBytes();
        long reserved = CacheLimits.ReservedBytes;
        using var thread = new WaitingThread(UseAll, UseAll);
        thread.Wait(wait);
        Assert.InRange(NativeMemoryCache.CachedBytes - before, s_lengths.Sum(), 2 * s_lengths.Sum());
        NativeMemoryCache.Trim();
        Kept.AssertAtMost(before);
        Kept.AssertReservedAtMost(reserved);
        thread.GoOn();
    }

    [Fact]
    public void A_bin_that_gets_no_magazines_reserves_no_room() =>
        OtherThread.Run(static () =>
        {
            using (NativeBuffer.Create<byte>(64))
            {
                // The thread has a cache now.
            }

            NativeMemoryCache.Trim();
            long reserved = CacheLimits.ReservedBytes;
            FailPoint.Test(
                static () => true,
                static () =>
                {
                    try
                    {
                        using var refused = NativeBuffer.Create<byte>(250_000);
                    }
                    catch (OutOfMemoryException)
                    {
                        // No memory for the block either.
                    }
                });
            Assert.Equal(reserved, CacheLimits.ReservedBytes);
        });

    [Fact]
    public void A_thread_whose_hot_blocks_were_trimmed_goes_on()
    {
        using NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(1_000_000);
        using var thread = new WaitingThread(Use, Use);
        thread.Wait("event");
        NativeMemoryCache.Trim();
        thread.GoOn();

        void Use()
        {
            for (int i = 0; i < 5; i++)
            {
                UseAll();
                using PooledBuffer<byte> rented = NativeMemoryPool<byte>.Shared.RentBuffer(Length);
                Pattern.Write(rented.AsSpan(), seed: 3);
                using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(Length);
                Pattern.Write(owner.GetSpan(), seed: 4);
                using var charged = NativeBuffer.CreateUninitialized<byte>(Length, budget);
                Pattern.Write(charged, seed: 5);
                Pattern.Verify(rented.AsSpan(), seed: 3);
                Pattern.Verify(owner.GetSpan(), seed: 4);
                Pattern.Verify(charged, seed: 5);
            }

            // The block that was freed last is hot again.
            Assert.Equal(AddressOfNew(Length), AddressOfNew(Length));
        }
    }

    [Fact]
    public void A_block_in_use_comes_home_to_a_place_that_was_closed_in_between()
    {
        long before = TrimmedBytes();
        using var trimmed = new ManualResetEventSlim();
        OtherThread.Together(
            () =>
            {
                using (var first = NativeBuffer.CreateUninitialized<byte>(Length))
                {
                    NativeBuffer.CreateUninitialized<byte>(Length).Dispose();
                    trimmed.Wait();
                    first[0] = 1;
                }

                UseAll();
            },
            () =>
            {
                Assert.True(SpinWait.SpinUntil(() => NativeMemoryCache.CachedBytes - before >= Length, TimeSpan.FromMinutes(1)));
                Assert.True(SpinWait.SpinUntil(IsTrimmed, TimeSpan.FromMinutes(1)));
                trimmed.Set();
            });
        NativeMemoryCache.Trim();
        Kept.AssertAtMost(before);

        bool IsTrimmed()
        {
            NativeMemoryCache.Trim();
            return NativeMemoryCache.CachedBytes <= before;
        }
    }

    [Slow]
    [Fact]
    public void The_room_of_two_hundred_waiting_threads_goes_to_the_next_thread()
    {
        const long Limit = 16 * 1024 * 1024;
        _ = TrimmedBytes();
        long process = CacheLimits.ProcessBytes;
        long reserved = CacheLimits.ReservedBytes;
        CacheLimits.ProcessBytes = reserved + Limit;
        var threads = new List<WaitingThread>();
        try
        {
            for (int i = 0; i < 200; i++)
            {
                threads.Add(new WaitingThread(UseAll, UseAll));
                threads[^1].Wait("event");
                NativeMemoryCache.Trim();
                Kept.AssertReservedAtMost(reserved);
            }

            // More than the limit would have left, had each thread kept its 300 kB.
            OtherThread.Run(static () =>
            {
                long before = NativeMemoryCache.CachedBytes;
                NestedBuffers.Use(250_000, depth: 8);
                Assert.InRange(NativeMemoryCache.CachedBytes - before, 8 * 250_000, 8 * 262_144);
            });
        }
        finally
        {
            CacheLimits.ProcessBytes = process;
            threads.ForEach(static thread => thread.Dispose());
            NativeMemoryCache.Trim();
        }
    }

    [Fact]
    public void Passes_free_the_hot_blocks_of_a_thread_that_waits_longer_than_from_one_to_the_next()
    {
        long before = TrimmedBytes();
        using var thread = new WaitingThread(UseAll, UseAll);
        thread.Wait("event");
        for (int i = 0; i < 5; i++)
        {
            IdleTimer.Pass();
        }

        Kept.AssertAtMost(before);
        thread.GoOn();
    }

    [Fact]
    public void A_thread_that_waits_between_two_uses_keeps_its_hot_block()
    {
        using var worker = new Worker();
        nint address = 0;
        worker.Run(() => address = AddressOfNew(Length));
        for (int i = 0; i < 5; i++)
        {
            IdleTimer.Pass();
            worker.Run(() => Assert.Equal(address, AddressOfNew(Length)));
        }
    }

    [Slow]
    [Fact]
    public void The_timer_goes_on_while_hot_blocks_are_used_and_ends_when_they_are_not()
    {
        long before = TrimmedBytes();
        const int Threads = 30;
        var threads = new WaitingThread[Threads];
        NoIdlePasses.Lift(() =>
        {
            for (int i = 0; i < Threads; i++)
            {
                threads[i] = new WaitingThread(UseAll, UseAll);
                threads[i].Wait("event");
            }

            Assert.True(IdleTimer.IsSet);
            Assert.True(
                SpinWait.SpinUntil(
                    () => NativeMemoryCache.CachedBytes - before <= IdleTimer.LeastBytes && !IdleTimer.IsSet, TimeSpan.FromMinutes(2)),
                $"{NativeMemoryCache.CachedBytes - before} bytes are kept. The timer runs: {IdleTimer.IsSet}.");
        });
        Array.ForEach(threads, static thread => thread.Dispose());
    }

    [Fact]
    public void A_block_that_was_withdrawn_from_a_running_thread_is_kept_and_counted_until_the_thread_takes_it_back() =>
        OtherThread.Run(static () =>
        {
            long before = TrimmedBytes();
            nint address = AddressOfNew(Length);
            long kept = NativeMemoryCache.CachedBytes;
            Assert.InRange(kept - before, Length, 2 * Length);
            long used = AllocationCensus.Take().Blocks.Sum();
            Withdraw();
            Assert.Equal(kept, NativeMemoryCache.CachedBytes);
            Assert.Equal(used, AllocationCensus.Take().Blocks.Sum());
            OtherThread.Run(static () => Visit(isAtRest: false));
            Assert.Equal(kept, NativeMemoryCache.CachedBytes);
            Assert.Equal(address, AddressOfNew(Length));
            Assert.Equal(address, AddressOfNew(Length));
            NativeMemoryCache.Trim();
            Kept.AssertAtMost(before);
        });

    [Fact]
    public void A_withdrawn_block_that_its_thread_was_just_taking_stays_with_the_thread() =>
        OtherThread.Run(static () =>
        {
            long before = TrimmedBytes();
            _ = AddressOfNew(Length);
            unsafe
            {
                // SAFETY: the bin is this thread's. It takes its hot slot as a buffer does, and gives it back in the end.
                Bin* bin = MyBin();
                Slot* taken = bin->Hot;
                Withdraw();
                bin->Hot = null;
                OtherThread.Run(static () => Visit(isAtRest: true));
                Assert.True(ThreadCache.Of(bin)->Withdrawn.Has(bin->SizeClass, (nint)taken));
                Kept.AssertAtMost(before);
                NativeBuffers.Blocks.Cache.Paths.FreePath.Return(taken, bin);
                OtherThread.Run(static () => Visit(isAtRest: false));
                Assert.False(ThreadCache.Of(bin)->Withdrawn.HasAny(bin->SizeClass));
                Assert.True(bin->Hot == taken);
            }

            NativeMemoryCache.Trim();
            Kept.AssertAtMost(before);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_of_a_thread_decides_about_a_withdrawn_block(bool isTaken)
    {
        long before = TrimmedBytes();
        long reserved = CacheLimits.ReservedBytes;
        long abandoned = EndedThreads.AbandonedCount;
        OtherThread.Run(() =>
        {
            _ = AddressOfNew(Length);
            Withdraw();
            if (isTaken)
            {
                unsafe
                {
                    // SAFETY: the bin is this thread's, which ends with the block in use.
                    MyBin()->Hot = null;
                }
            }
        });
        NativeMemoryCache.Trim();
        Kept.AssertAtMost(before);
        Kept.AssertReservedAtMost(reserved);
        Assert.InRange(EndedThreads.AbandonedCount - abandoned, isTaken ? 1 : 0, isTaken ? long.MaxValue : 0);
    }

    [Fact]
    public void A_withdrawn_block_is_no_sign_that_the_home_of_a_retired_block_is_elsewhere()
    {
        NativeList<long> list = null!;
        using var home = new WaitingThread(
            () =>
            {
                UseAll();
                list = new NativeList<long>(1000) { 1 };
            },
            UseAll);
        home.Wait("event");
        list.Dispose();
        Assert.True(list.Core.First.IsKept);
        long kept = NativeMemoryCache.CachedBytes;
        NativeMemoryCache.Trim();
        Assert.InRange(NativeMemoryCache.CachedBytes, 0, kept - s_lengths.Sum());
        for (int i = 0; i < 3; i++)
        {
            RetiredBlock.FreeSettled();
            Assert.True(list.Core.First.IsKept);
        }

        home.GoOn();
        RetiredBlock.FreeSettled();
        Assert.False(list.Core.First.IsKept);
    }

    private static long TrimmedBytes()
    {
        Collector.Settle();
        NativeMemoryCache.Trim();
        return NativeMemoryCache.CachedBytes;
    }

    private static void UseAll()
    {
        foreach (int length in s_lengths)
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(length);
            Pattern.Write(buffer, seed: length);
            Pattern.Verify(buffer, seed: length);
        }
    }

    private static unsafe nint AddressOfNew(int length)
    {
        using var buffer = NativeBuffer.CreateUninitialized<byte>(length);
        return (nint)buffer.Pointer;
    }

    private static unsafe Bin* MyBin() => ThreadCache.BinOf(ThreadCache.CurrentOrNone, SizeClasses.Of(Length));

    /// <summary>Withdraws the hot block of this thread, as a visitor does that has just seen it waiting.</summary>
    private static unsafe void Withdraw()
    {
        using (ThreadCaches.Lock.Enter())
        {
            WithdrawnBlocks.Withdraw(ThreadCache.CurrentOrNone, SizeClasses.Of(Length));
        }
    }

    /// <summary>Looks at the notes of all threads, as a visitor does after its barrier.</summary>
    private static unsafe void Visit(bool isAtRest)
    {
        using (ThreadCaches.Lock.Enter())
        {
            foreach ((_, nint cache) in ThreadCaches.Entries)
            {
                Assert.True(WithdrawnBlocks.Settle((ThreadCache*)cache, SizeClasses.Of(Length), isAtRest) == null);
            }
        }
    }
}
