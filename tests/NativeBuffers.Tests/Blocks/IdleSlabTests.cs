using System.Runtime.CompilerServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Tests.Races;

namespace NativeBuffers.Tests.Blocks;

/// <summary>The memory of slots that no thread needs, by time; and the memory that a slab has at all.</summary>
[Collection(ProcessWide.Name)]
public class IdleSlabTests
{
    public IdleSlabTests() => Needs.Caches();

    [Fact]
    public void Passes_of_the_timer_give_the_memory_of_idle_slots_back() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                HashSet<nint> before = [.. SlotTable.Slabs()];
                List<PooledBuffer<byte>> rented = [];
                nint[] slabs = [];

                // Slabs in part use, which earlier tests have left, are filled first.
                while (slabs.Length < 20)
                {
                    rented.AddRange(Enumerable.Range(0, 10_000).Select(static _ => NativeMemoryPool<byte>.Shared.RentBuffer(64)));
                    slabs = [.. SlotTable.Slabs().Where(slab => !before.Contains(slab))];
                }

                rented.ForEach(static buffer => buffer.Dispose());
                for (int i = 0; i < 4; i++)
                {
                    IdleTimer.Pass();
                }

                // The hot block of this thread keeps its slot.
                Assert.InRange(slabs.Count(static slab => HasMemory(SlabOf(slab))), 0, 2);
                Assert.InRange(SlotTable.WholeBytes, 0, IdleTimer.LeastBytes);
                NativeMemoryCache.Trim();
            });

    [Fact]
    public void Slots_that_are_needed_between_passes_keep_their_memory() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                IdleTimer.Pass();
                for (int round = 0; round < 3; round++)
                {
                    int collections = GC.CollectionCount(2);
                    new WholeSlab().Vacate();
                    IdleTimer.Pass();

                    // A full collection counts as a pass.
                    Assert.True(SlotTable.WholeBytes >= SlotSlab.Bytes || GC.CollectionCount(2) > collections, "No slab kept its memory.");
                }

                NativeMemoryCache.Trim();
            });

    [Fact]
    public void A_pass_of_the_timer_gives_the_memory_of_vacant_slots_back_that_no_thread_needed_since_the_last_one() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                IdleTimer.Pass();
                var slab = new WholeSlab();
                slab.Vacate();
                IdleTimer.Pass();
                IdleTimer.Pass();
                Assert.False(slab.HasMemory);
                Assert.Equal(0, SlotTable.WholeBytes);
            });

    [Fact]
    public void A_slot_that_few_use_needs_no_memory_beside_its_own() =>
        OtherThread.Run(
            static () =>
            {
                List<PooledBuffer<byte>> others = [];
                Rental first = Rental.First(64, others);
                while (others.Count(other => WholeSlab.SlabOf(new Rental(other)) == WholeSlab.SlabOf(first)) < SlotTable.SlabLength)
                {
                    others.Add(NativeMemoryPool<byte>.Shared.RentBuffer(64));
                }

                int bytes = WholeSlab.ResidentPagesOf(WholeSlab.SlabOf(first)) * Environment.SystemPageSize;
                Assert.InRange(bytes, 1, (SlotTable.SlabLength * Unsafe.SizeOf<Slot>()) + Environment.SystemPageSize - 1);
                others.ForEach(static other => other.Dispose());
                NativeMemoryCache.Trim();
            });

    private static unsafe nint SlabOf(nint slot) => (nint)SlotSlab.Of((Slot*)slot);

    private static unsafe bool HasMemory(nint slab) => ((SlotSlab*)slab)->HasMemory;
}
