using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>Cleaners of many free blocks: no collection pays for them, and later owners of the blocks have a cleaner as before.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The tests forget owners.")]
public class ManyCleanersTests
{
    /// <summary>More than the bins and the depot of one size keep with cleaners.</summary>
    private const int Count = 180_000;

    private const int MostWithCleaners = 140_000;
    private const int Size = 64;

    private static readonly NativeMemoryOwner<byte>?[] s_owners = new NativeMemoryOwner<byte>?[Count];
    private static readonly PooledBuffer<byte>[] s_buffers = new PooledBuffer<byte>[Count];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_collection_runs_few_finalizers_of_blocks_that_are_free(bool isRented)
    {
        Needs.Caches();
        Collector.Settle();
        using (NoCollections.Begin())
        {
            CreateAndDispose(isRented);
        }

        GC.Collect();
        Assert.InRange(GC.GetGCMemoryInfo(GCKind.Any).FinalizationPendingCount, 0, MostWithCleaners);
        GC.WaitForPendingFinalizers();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Owners_that_get_such_a_block_are_freed_when_they_are_forgotten(bool isCollectedBefore)
    {
        Needs.Caches();
        Collector.Settle();
        CreateAndDispose(isRented: false);
        if (isCollectedBefore)
        {
            Collector.Settle();
        }

        long before = NativeMemoryTracker.AbandonedCount;
        Forget();
        Assert.True(
            Collector.Until(() => NativeMemoryTracker.AbandonedCount - before >= Count),
            $"Of {Count} forgotten owners, {NativeMemoryTracker.AbandonedCount - before} were freed.");
    }

    [Fact]
    public void No_owner_loses_its_block_while_cleaners_come_and_go_between_collections()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        int rounds = 0;
        bool isOver = false;
        OtherThread.Together(
            () =>
            {
                for (; !Volatile.Read(ref isOver); rounds++)
                {
                    Create(rounds);
                    Verify(rounds);
                    DisposeAll();
                }
            },
            () =>
            {
                for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, Volatile.Read(ref rounds) > 2);)
                {
                    Collector.Collect();
                }

                Volatile.Write(ref isOver, true);
            });
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);
    }

    private static void CreateAndDispose(bool isRented)
    {
        if (isRented)
        {
            for (int i = 0; i < Count; i++)
            {
                s_buffers[i] = NativeMemoryPool<byte>.Shared.RentBuffer(Size);
            }

            foreach (ref PooledBuffer<byte> buffer in s_buffers.AsSpan())
            {
                buffer.Dispose();
                buffer = default;
            }

            return;
        }

        Create(seed: 1);
        DisposeAll();
    }

    private static void Create(int seed)
    {
        for (int i = 0; i < Count; i++)
        {
            NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(Size);
            owner.GetSpan()[i % Size] = (byte)(i + seed);
            s_owners[i] = owner;
        }
    }

    private static void Verify(int seed)
    {
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal((byte)(i + seed), s_owners[i]!.GetSpan()[i % Size]);
        }
    }

    private static void DisposeAll()
    {
        foreach (ref NativeMemoryOwner<byte>? owner in s_owners.AsSpan())
        {
            owner!.Dispose();
            owner = null;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        for (int i = 0; i < Count; i++)
        {
            _ = NativeMemoryOwner<byte>.CreateUninitialized(Size);
        }
    }
}
