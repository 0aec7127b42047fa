using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>Memory in use is never freed, however often the collector runs. Finalizers end no process.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
public class CleanerTests
{
    private static readonly NativeMemoryOwner<byte>[] s_owners = new NativeMemoryOwner<byte>[200];
    private static readonly PooledBuffer<byte>[] s_buffers = new PooledBuffer<byte>[200];

    [Fact]
    public void Owners_and_buffers_that_are_held_stay_theirs_over_many_collections()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        for (int i = 0; i < s_owners.Length; i++)
        {
            s_owners[i] = NativeMemoryOwner<byte>.CreateUninitialized(i * 10);
            s_buffers[i] = NativeMemoryPool<byte>.Shared.RentBuffer(i * 10);
            Pattern.Write(s_owners[i].GetSpan(), seed: i);
            Pattern.Write(s_buffers[i].AsSpan(), seed: i + 1);
        }

        for (int round = 0; round < 8; round++)
        {
            Collector.Settle();
            ComeAndGo(round);
            for (int i = 0; i < s_owners.Length; i++)
            {
                Pattern.Verify(s_owners[i].GetSpan(), seed: i);
                Pattern.Verify(s_buffers[i].AsSpan(), seed: i + 1);
            }
        }

        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);
        for (int i = 0; i < s_owners.Length; i++)
        {
            Assert.False(s_owners[i].IsDisposed || s_buffers[i].IsDisposed);
            s_owners[i].Dispose();
            s_buffers[i].Dispose();
        }

        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);

        // Returned buffers, too, keep cleaners that later owners may need.
        Array.Clear(s_owners);
        Array.Clear(s_buffers);

        // Later owners use the free blocks of the same sizes, and take over some slots.
        static void ComeAndGo(int round)
        {
            for (int i = 0; i < s_owners.Length; i++)
            {
                using PooledBuffer<byte> other = NativeMemoryPool<byte>.Shared.RentBuffer(i * 10);
                other.AsSpan().Fill(0xEE);
            }

            int place = round * 7;
            s_owners[place].Dispose();
            s_buffers[place].Dispose();
            s_buffers[place] = NativeMemoryPool<byte>.Shared.RentBuffer(place * 10);
            s_owners[place] = NativeMemoryOwner<byte>.CreateUninitialized(place * 10);
            Pattern.Write(s_owners[place].GetSpan(), seed: place);
            Pattern.Write(s_buffers[place].AsSpan(), seed: place + 1);
        }
    }

    [Fact]
    public void Rapid_renting_and_returning_under_constant_collections_loses_nothing_and_frees_nothing_twice()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        bool stop = false;
        var allocator = new RecordingAllocator();
        NativeMemoryPool<byte> own = new(new NativePoolOptions { Allocator = allocator });
        using var handedOver = new BlockingCollection<(PooledBuffer<byte> Buffer, int Seed)>(8);
        long rounds = 0;
        OtherThread.Together(
            () => Repeat(seed => Rent(NativeMemoryPool<byte>.Shared, seed)),
            () => Repeat(seed => Rent(own, seed)),
            () => Repeat(Create),
            () =>
            {
                Repeat(
                    seed =>
                    {
                        PooledBuffer<byte> buffer = NativeMemoryPool<byte>.Shared.RentBuffer(100);
                        Pattern.Write(buffer.AsSpan(), seed);
                        handedOver.Add((buffer, seed));
                    });
                handedOver.CompleteAdding();
            },
            () =>
            {
                foreach ((PooledBuffer<byte> buffer, int seed) in handedOver.GetConsumingEnumerable())
                {
                    Pattern.Verify(buffer.AsSpan(), seed);
                    buffer.Dispose();
                }
            },
            () =>
            {
                for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, Volatile.Read(ref rounds) > 100);)
                {
                    GC.Collect(2, GCCollectionMode.Forced, blocking: true);
                    GC.WaitForPendingFinalizers();
                }

                Volatile.Write(ref stop, true);
            });
        Assert.True(rounds > 100, $"{rounds} rounds.");
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);
        Assert.Empty(allocator.Mistakes);
        own.Dispose();
        allocator.AssertAllFreed();

        void Repeat(Action<int> body)
        {
            try
            {
                for (int seed = 0; !Volatile.Read(ref stop); seed++)
                {
                    body(seed);
                    Interlocked.Increment(ref rounds);
                }
            }
            finally
            {
                Volatile.Write(ref stop, true);
            }
        }

        static void Rent(NativeMemoryPool<byte> pool, int seed)
        {
            using PooledBuffer<byte> buffer = pool.RentBuffer(50 + (seed % 200));
            Pattern.Write(buffer.AsSpan(), seed);
            if (seed % 16 == 0)
            {
                using Borrow<byte> borrow = buffer.Borrow();
                Pattern.Verify(borrow.Span, seed);
                Pattern.Verify(buffer.Memory.Span, seed);
            }

            Pattern.Verify(buffer.AsSpan(), seed);
        }

        static void Create(int seed)
        {
            using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(50 + (seed % 200));
            Pattern.Write(owner.GetSpan(), seed);
            owner.Resize(100 + (seed % 300));
            using NativeMemoryOwner<byte> moved = owner.Move();
            using Borrow<byte> borrow = moved.Borrow();
            Pattern.Verify(borrow.Span[..50], seed);
        }
    }

    [Fact]
    public void Renting_and_returning_allocates_nothing_on_the_managed_heap()
    {
        Needs.Caches();
        for (int i = 0; i < 100; i++)
        {
            NativeMemoryPool<byte>.Shared.RentBuffer(100).Dispose();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            NativeMemoryPool<byte>.Shared.RentBuffer(100).Dispose();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void A_finalizer_survives_an_allocator_whose_free_throws()
    {
        Needs.BareBlocks();
        var broken = new RecordingAllocator { ThrownByFree = new NotSupportedException() };
        var sound = new RecordingAllocator();
        for (int i = 0; i < 5; i++)
        {
            Forget(broken);
            Forget(sound);
            OtherThread.Run(() => Forget(broken));
        }

        Assert.True(Collector.Until(() => broken.LiveBlocks == 0 && sound.LiveBlocks == 0));
        broken.AssertAllFreed();
        sound.AssertAllFreed();
    }

    [Fact]
    public void A_full_collection_survives_a_pool_over_an_allocator_whose_free_throws()
    {
        // An exception here would end the process: the finalizer that runs after collections frees idle blocks.
        var broken = new RecordingAllocator { ThrownByFree = new NotSupportedException() };
        var sound = new RecordingAllocator();
        NativeMemoryPool<int> first = new(new NativePoolOptions { Allocator = broken });
        NativeMemoryPool<int> second = new(new NativePoolOptions { Allocator = sound });
        first.RentBuffer(100).Dispose();
        second.RentBuffer(100).Dispose();
        Assert.True(Collector.Until(() => broken.LiveBlocks == 0 && sound.LiveBlocks == 0));
        GC.KeepAlive(first);
        GC.KeepAlive(second);
    }

    [Fact]
    public void A_forgotten_borrow_whose_allocators_free_throws_harms_neither_other_threads_nor_other_borrows()
    {
        var broken = new RecordingAllocator { ThrownByFree = new NotSupportedException() };
        var sound = new RecordingAllocator();
        NativeMemoryOwner<int>[] owners =
        [
            NativeMemoryOwner<int>.Create(10, sound), NativeMemoryOwner<int>.Create(10, broken), NativeMemoryOwner<int>.Create(10, sound),
        ];
        OtherThread.Run(
            () =>
            {
                foreach (NativeMemoryOwner<int> owner in owners)
                {
                    _ = owner.Borrow();
                    owner.Dispose();
                }
            });

        // The next thread that uses buffers cleans up after ended threads.
        OtherThread.Run(static () => NativeBuffer.Create<int>(10).Dispose());
        NativeMemoryCache.Trim();
        broken.AssertAllFreed();
        sound.AssertAllFreed();
    }

    [Theory]
    [InlineData("disposed")]
    [InlineData("disposed elsewhere")]
    [InlineData("moved")]
    [InlineData("list")]
    [InlineData("handed over")]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test returns a disposed owner, and keeps only the reference.")]
    [SuppressMessage("Ownership", "NB0009", Justification = "Nothing keeps the forgotten owner: the collector must find it.")]
    public void A_reference_to_a_disposed_owner_does_not_keep_the_next_one_from_being_freed(string how)
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        List<object> over = [];
        for (int i = 0; i < 20; i++)
        {
            over.Add(End(how));
            Forget();
        }

        Assert.True(Collector.Until(() => NativeMemoryTracker.AbandonedCount == before + 20), $"{NativeMemoryTracker.AbandonedCount - before} were found.");
        GC.KeepAlive(over);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => NativeMemoryOwner<long>.Create(50).GetSpan().Fill(1);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static object End(string how)
        {
            if (how is "list" or "handed over")
            {
                NativeList<long> list = new(50) { 1 };
                if (how == "list")
                {
                    list.Dispose();
                }
                else
                {
                    list.ToOwner().Dispose();
                }

                return list;
            }

            var owner = NativeMemoryOwner<long>.Create(50);
            switch (how)
            {
                case "disposed":
                    owner.Dispose();
                    break;
                case "disposed elsewhere":
                    OtherThread.Run(owner.Dispose);
                    break;
                default:
                    owner.Move().Dispose();
                    break;
            }

            return owner;
        }
    }

    [Fact]
    public void Objects_that_no_constructor_has_seen_do_not_bring_the_finalizer_down()
    {
        Make();
        Collector.Settle();
        var allocator = new RecordingAllocator();
        Forget(allocator);
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Make()
        {
            foreach (Type type in new[] { typeof(NativeMemoryOwner<int>), typeof(SelfCleaningOwner<int>), typeof(Cleaner), typeof(PoolStore),
                typeof(NativeMemoryPool<int>), typeof(OwnerWindow<int>) })
            {
                _ = RuntimeHelpers.GetUninitializedObject(type);
            }
        }
    }

    [Fact]
    public void Owners_whose_making_failed_leave_nothing_for_a_finalizer()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        var allocator = new RecordingAllocator { ThrownByAllocate = new NotSupportedException() };
        for (int i = 0; i < 100; i++)
        {
            Assert.Throws<NotSupportedException>(() => NativeMemoryOwner<int>.Create(10, allocator));
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<int>.Create(1L << 50));
        }

        Collector.Settle();
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);
        allocator.AssertAllFreed();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(RecordingAllocator allocator) => _ = NativeMemoryOwner<int>.Create(10, allocator);
}
