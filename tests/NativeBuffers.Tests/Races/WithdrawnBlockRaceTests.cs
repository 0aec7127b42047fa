using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Stats;

namespace NativeBuffers.Tests.Races;

/// <summary>Threads that use buffers and wait, against threads that trim: no block is in two places, and none is lost.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class WithdrawnBlockRaceTests
{
    private static readonly int[] s_lengths = [60, 500, 4000, 70_000];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_that_wait_between_uses_never_share_a_block_with_a_trim(bool hasLittleRoom)
    {
        Needs.Caches();
        long process = CacheLimits.ProcessBytes;
        NativeMemoryCache.Trim();
        long used = AllocationCensus.Take().Blocks.Sum();
        long before = NativeMemoryCache.CachedBytes;
        long reserved = CacheLimits.ReservedBytes;
        long abandoned = EndedThreads.AbandonedCount;
        if (hasLittleRoom)
        {
            CacheLimits.ProcessBytes = reserved + 400_000;
        }

        try
        {
            using var gate = new SemaphoreSlim(1);
            new Race().Run(Use, Use, Use, Use, Trim, Pass);

            void Use(Random random)
            {
                for (int i = random.Next(1, 50); i > 0; i--)
                {
                    UseOne(random);
                    if (random.Next(8) == 0)
                    {
                        // A wait that ends at any time.
                        gate.Wait();
                        gate.Release();
                    }
                }

                if (random.Next(4) == 0)
                {
                    Thread.Sleep(random.Next(2));
                }
            }
        }
        finally
        {
            CacheLimits.ProcessBytes = process;
        }

        NativeMemoryCache.Trim();
        Kept.AssertAtMost(before);
        Kept.AssertReservedAtMost(reserved);
        Assert.Equal(used, AllocationCensus.Take().Blocks.Sum());

        // A block that both sides had lost would count as one that its thread never gave back.
        Assert.Equal(abandoned, EndedThreads.AbandonedCount);

        static void Trim(Random random)
        {
            NativeMemoryCache.Trim();
            Thread.SpinWait(random.Next(2000));
        }

        static void Pass(Random random)
        {
            IdleTimer.Pass();
            Thread.SpinWait(random.Next(2000));
        }
    }

    private static void UseOne(Random random)
    {
        int seed = random.Next(256);
        int length = s_lengths[random.Next(s_lengths.Length)];
        switch (random.Next(4))
        {
            case 0:
                using (PooledBuffer<byte> rented = NativeMemoryPool<byte>.Shared.RentBuffer(length))
                {
                    Pattern.Write(rented.AsSpan(), seed);
                    Pattern.Verify(rented.AsSpan(), seed);
                }

                break;
            case 1:
                using (NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(length))
                {
                    Pattern.Write(owner.GetSpan(), seed);
                    Pattern.Verify(owner.GetSpan(), seed);
                }

                break;
            default:
                using (var first = NativeBuffer.CreateUninitialized<byte>(length))
                {
                    Pattern.Write(first, seed);
                    using var second = NativeBuffer.CreateUninitialized<byte>(length);
                    Pattern.Write(second, seed + 1);
                    Pattern.Verify(first, seed);
                    Pattern.Verify(second, seed + 1);
                }

                break;
        }
    }
}
