using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Slots get a cleaner after some uses. An owner without a cleaner is one small object.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The tests forget owners.")]
public class CleanersOfOwnersTests
{
    private const int Length = 48;

    [Fact]
    public void A_slot_gets_a_cleaner_after_some_owners_have_used_it()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                for (int round = 0; round < 3; round++)
                {
                    int count = 0;
                    while (CleansItself(count))
                    {
                        count++;
                    }

                    Assert.InRange(count, 0, Cleaner.UsesBefore);
                }

                Assert.False(CleansItself(0));
            });

        static bool CleansItself(int count)
        {
            Assert.InRange(count, 0, 1000);
            using var owner = NativeMemoryOwner<int>.Create(Length);
            return owner is SelfCleaningOwner<int>;
        }
    }

    [Fact]
    public void A_slot_whose_cleaner_the_collector_has_taken_gets_another_one()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                // After the runtime had no memory to register the finalizer again.
                Unregister();
                Collector.Settle();
                long before = NativeMemoryTracker.AbandonedCount;
                RentAndReturn();
                Forget();
                Assert.True(Collector.Until(() => NativeMemoryTracker.AbandonedCount > before));
                Assert.Equal(before + 1, NativeMemoryTracker.AbandonedCount);
            });

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PooledBuffer<int> Rent()
        {
            PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(Length);
            buffer.AsSpan().Fill(1);
            return buffer;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void RentAndReturn() => Rent().Dispose();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => _ = Rent();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Unregister()
        {
            using PooledBuffer<int> buffer = Rent();
            Assert.True(MemoryMarshal.TryGetMemoryManager<int, NativeMemoryOwner<int>>(buffer.Memory, out NativeMemoryOwner<int>? owner));
            GC.SuppressFinalize(owner.Owned.Cleaner!);
        }
    }

    [Fact]
    public void Live_owners_have_one_object_of_48_bytes_each()
    {
        Needs.Caches();
        const int Count = 20_000;
        var owners = new NativeMemoryOwner<byte>[Count];
        Create(owners);
        foreach (NativeMemoryOwner<byte> owner in owners)
        {
            unsafe
            {
                // SAFETY: slots are never unmapped, and this one is the owner's. Earlier tests may have used it often enough for a cleaner.
                owner.Owned.Slot->UsesWithoutCleaner = 0;
            }
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Create(owners);
        double each = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Count;
        Array.ForEach(owners, static owner => owner.Dispose());
        Assert.InRange(each, 47, 49);

        static void Create(NativeMemoryOwner<byte>[] owners)
        {
            foreach (ref NativeMemoryOwner<byte> owner in owners.AsSpan())
            {
                owner?.Dispose();
                owner = NativeMemoryOwner<byte>.Create(64);
            }
        }
    }
}
