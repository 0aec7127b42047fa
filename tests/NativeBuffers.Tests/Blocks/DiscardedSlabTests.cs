using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Blocks.Stats;
using NativeBuffers.Tests.Races;

namespace NativeBuffers.Tests.Blocks;

/// <summary>Slots whose memory went back to the system: the copies of their owners, and their next owners.</summary>
[Collection(ProcessWide.Name)]
public class DiscardedSlabTests
{
    public DiscardedSlabTests() => Needs.Caches();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Copies_of_a_rental_are_refused_after_its_slab_was_discarded_and_after_it_was_made_again(bool isMadeAgain, bool isElsewhere) =>
        OtherThread.Run(
            () =>
            {
                var slab = new WholeSlab();
                Rental[] stale = [.. slab.Rentals.Where(static (_, i) => i % 90 == 0)];
                Memory<byte>[] memories = [.. stale.Select(static rental => rental.Buffer.Memory)];
                MemoryHandle[] pins = [.. memories.Select(static memory => memory.Pin())];
                Array.ForEach(pins, static pin => pin.Dispose());
                slab.Discard();
                if (isMadeAgain)
                {
                    slab.RentAgain();
                    slab.Rentals.ForEach(static rental => rental.Buffer.Fill(7));
                }

                Action use = () =>
                {
                    Assert.All(stale, static rental => AssertRefused(rental.Buffer));
                    Assert.All(memories, AssertRefused);
                    Array.ForEach(pins, static pin => pin.Dispose());
                };
                if (isElsewhere)
                {
                    OtherThread.Run(use);
                }
                else
                {
                    use();
                }

                Assert.Equal(isMadeAgain, slab.HasMemory);
                if (isMadeAgain)
                {
                    Assert.All(slab.Rentals, static rental => Assert.Equal(-1, rental.Buffer.AsSpan().IndexOfAnyExcept((byte)7)));
                    Assert.All(slab.Rentals, static rental => Assert.Equal(0, PinsOf(rental)));
                    slab.Discard();
                }
            });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SuppressMessage("Ownership", "NB0002", Justification = "Stale variables are the subject.")]
    [SuppressMessage("Ownership", "NB0003", Justification = "The second disposal must free nothing.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "Copies are the subject.")]
    public void Copies_of_owners_lists_buffers_and_arenas_are_refused(bool isMadeAgain) =>
        OtherThread.Run(
            () =>
            {
                const int Count = 2000;
                NativeMemoryCache.Trim();
                int before = SlotTable.Slabs().Length;
                NativeMemoryOwner<byte>[] owners = [.. Enumerable.Range(0, Count).Select(static _ => NativeMemoryOwner<byte>.Create(64))];
                NativeList<byte>[] lists = [.. Enumerable.Range(0, Count).Select(static _ => NativeList.Create<byte>(64))];
                Memory<byte>[] memories = [.. owners.Select(static owner => owner.Memory)];
                MemoryHandle[] pins = [.. owners.Select(static owner => owner.Pin())];
                using NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(64);
                using NativeBuffer<byte> copy = buffer;
                using NativeArena arena = NativeArena.Create();
                using NativeArena copiedArena = arena;
                Array.ForEach(pins, static pin => pin.Dispose());
                Array.ForEach(owners, static owner => owner.Dispose());
                Array.ForEach(lists, static list => list.Dispose());
                buffer.Dispose();
                arena.Dispose();
                NativeMemoryCache.Trim();
                Assert.InRange(SlotTable.Slabs().Length, 0, before);
                PooledBuffer<byte>[] next =
                    isMadeAgain ? [.. Enumerable.Range(0, 2 * Count).Select(static _ => NativeMemoryPool<byte>.Shared.RentBuffer(64))] : [];
                Array.ForEach(next, static rented => rented.Fill(7));
                foreach (Action<Action> run in new Action<Action>[] { static use => use(), OtherThread.Run })
                {
                    run(
                        () =>
                        {
                            Array.ForEach(pins, static pin => pin.Dispose());
                            Assert.All(memories, AssertRefused);
                            Assert.All(owners, AssertRefused);
                            Assert.All(lists, AssertRefused);
                        });
                }

                Assert.True(copy.IsDisposed);
                copy.Dispose();
                copiedArena.Dispose();
                try
                {
                    _ = copiedArena.Allocate<byte>(1);
                    Assert.Fail("An arena that was disposed allocates.");
                }
                catch (ObjectDisposedException)
                {
                }

                Assert.All(next, static rented => Assert.Equal(-1, rented.AsSpan().IndexOfAnyExcept((byte)7)));
                Array.ForEach(next, static rented => rented.Dispose());
            });

    [Fact]
    public void No_slot_has_a_generation_twice() =>
        OtherThread.Run(
            static () =>
            {
                var highest = new Dictionary<nint, ulong>();
                var slab = new WholeSlab();
                for (int round = 0; round < 5; round++)
                {
                    foreach (Rental rental in slab.Rentals)
                    {
                        Assert.True(Note(rental) >= Generation.Step, "The generation was there before.");
                    }

                    for (int i = 0; i < 100 * round; i++)
                    {
                        // One slot is used more than the rest.
                        slab.Rentals[^1].Buffer.Dispose();
                        slab.Rentals[^1] = new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(64));
                        _ = Note(slab.Rentals[^1]);
                    }

                    slab.Discard();
                    slab.RentAgain();
                }

                slab.Discard();

                ulong Note(Rental rental)
                {
                    ulong before = highest.GetValueOrDefault(SlotOf(rental));
                    highest[SlotOf(rental)] = rental.Opened.Value;
                    return rental.Opened.Value > before ? rental.Opened.Value - before : 0;
                }
            });

    [Fact]
    public void A_pin_that_comes_too_late_is_counted_once_and_taken_back_once() =>
        OtherThread.Run(
            static () =>
            {
                var slab = new WholeSlab();
                Rental first = slab.Rentals[0];

                // Pin.TryBegin has found the generation open, and counts the pin only now.
                slab.Discard();
                AddPins(first, 1);
                NativeMemoryCache.Trim();
                slab.RentAgain();
                slab.Discard();
                slab.RentAgain();
                AddPins(first, -1);
                Assert.All(slab.Rentals, static rental => Assert.Equal(0, PinsOf(rental)));
                slab.Discard();
            });

    [Fact]
    public void A_value_with_the_generation_of_default_is_refused() =>
        OtherThread.Run(
            static () =>
            {
                var slab = new WholeSlab();
                Rental stale = slab.Rentals[0];
                using PooledBuffer<byte> live = NativeMemoryPool<byte>.Shared.RentBuffer(64);
                slab.Discard();
                int count = 0;
                foreach (PooledBuffer<byte> value in TornValues.Of(stale.Buffer, live).Where(value => SlotOf(new Rental(value)) == SlotOf(stale)))
                {
                    count += new Rental(value).Opened.Value == 0 ? 1 : 0;
                    AssertRefused(value);
                    OtherThread.Run(() => AssertRefused(value));
                    Assert.Equal(0UL, GenerationOf(stale).Value);
                }

                Assert.InRange(count, 8, int.MaxValue);
            });

    [Theory]
    [InlineData("rented")]
    [InlineData("owner")]
    [InlineData("owner of a chosen allocator")]
    public void After_a_trim_few_slots_of_many_blocks_have_memory(string kind) =>
        OtherThread.Run(
            () =>
            {
                NativeMemoryCache.Trim();
                HashSet<nint> before = [.. SlotTable.Slabs()];
                List<IDisposable> owners = [];
                nint[] slabs = [];

                // Slabs in part use, which earlier tests have left, are filled first.
                while (slabs.Length < 60)
                {
                    owners.AddRange(
                        Enumerable.Range(0, 10_000).Select(
                            IDisposable (_) => kind switch
                            {
                                "rented" => NativeMemoryPool<byte>.Shared.RentBuffer(64),
                                "owner" => NativeMemoryOwner<byte>.Create(64),
                                _ => NativeMemoryOwner<byte>.Create(64, NativeAllocator.Malloc),
                            }));
                    slabs = [.. SlotTable.Slabs().Where(slab => !before.Contains(slab))];
                }

                owners.ForEach(static owner => owner.Dispose());
                NativeMemoryCache.Trim();
                int resident = slabs.Sum(static slab => WholeSlab.ResidentPagesOf(SlabOf(slab)));
                int all = slabs.Length * (SlotSlab.Bytes / Environment.SystemPageSize);
                Assert.InRange(resident, 0, all / 20);
                Assert.InRange(SlotTable.Slabs().Length, 0, before.Count);
            });

    [Fact]
    public void Allocations_are_counted_across_discards() =>
        OtherThread.Run(
            static () =>
            {
                long first = AllocationCensus.Take().Allocations.Sum();
                var slab = new WholeSlab();
                int count = slab.Rentals.Count;
                slab.Discard();
                long afterFirst = AllocationCensus.Take().Allocations.Sum();
                Assert.InRange(afterFirst - first, count, long.MaxValue);
                slab.RentAgain();
                slab.Discard();
                long afterSecond = AllocationCensus.Take().Allocations.Sum();
                Assert.InRange(afterSecond - afterFirst, count, 100L * count);
                NativeMemoryCache.Trim();
                Assert.Equal(afterSecond, AllocationCensus.Take().Allocations.Sum());
            });

    [Fact]
    public unsafe void Pins_lie_outside_the_slabs_each_in_a_word_of_its_own()
    {
        using var buffer = NativeBuffer.Create<byte>(1);
        nint[] slabs = SlotTable.Slabs();
        HashSet<nint> words = [];
        foreach (nint slab in slabs)
        {
            for (int i = 0; i < SlotTable.SlabLength; i++)
            {
                fixed (int* pins = &SlotTable.PinsOf((Slot*)slab + i))
                {
                    Assert.True(words.Add((nint)pins), "Two slots have one word.");
                    Assert.DoesNotContain((nint)pins & ~(nint)(SlotSlab.Bytes - 1), slabs);
                }
            }

            // After the records.
            Assert.InRange(words.Min() & (SlotSlab.ChunkBytes - 1), (SlotSlab.PerChunk + 1) * sizeof(SlotSlab), SlotSlab.Bytes - 1);
        }
    }

    private static void AssertRefused(PooledBuffer<byte> buffer)
    {
        Assert.True(buffer.IsDisposed);
        Assert.Equal(0, buffer.Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.AsSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.Borrow().Dispose());
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        Assert.Throws<ObjectDisposedException>(() => buffer.Retain());
        Assert.Throws<ObjectDisposedException>(() => buffer.Resize(2));
        buffer.Dispose();
    }

    private static void AssertRefused(Memory<byte> memory)
    {
        Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => memory.Pin());
    }

    private static void AssertRefused(NativeMemoryOwner<byte> owner)
    {
        Assert.Equal(0, owner.Length);
        Assert.Throws<ObjectDisposedException>(() => owner.Borrow().Dispose());
        Assert.Throws<ObjectDisposedException>(() => owner.Pin());
        Assert.Throws<ObjectDisposedException>(() => owner.Resize(100));
        owner.Dispose();
    }

    private static void AssertRefused(NativeList<byte> list)
    {
        Assert.Throws<ObjectDisposedException>(() => list.Borrow().Dispose());
        Assert.Throws<ObjectDisposedException>(() => list.Add(1));
        list.Dispose();
    }

    private static unsafe int PinsOf(Rental rental) => Volatile.Read(ref SlotTable.PinsOf(rental.Slot));

    private static unsafe void AddPins(Rental rental, int count) => Interlocked.Add(ref SlotTable.PinsOf(rental.Slot), count);

    private static unsafe nint SlotOf(Rental rental) => (nint)rental.Slot;

    private static unsafe Generation GenerationOf(Rental rental) => rental.Slot->ReadGeneration();

    private static unsafe nint SlabOf(nint slot) => (nint)SlotSlab.Of((Slot*)slot);
}
