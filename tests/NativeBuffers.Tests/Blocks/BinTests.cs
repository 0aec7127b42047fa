using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Blocks;

/// <summary>A bin by itself: a stack for its owner, with a gate for visitors.</summary>
[Slow]
public class BinTests
{
    [Fact]
    public unsafe void The_last_block_put_is_taken_first_and_a_full_bin_refuses()
    {
        using var fixture = new Fixture(slots: 4, capacity: 2);
        Bin* bin = fixture.Bin;
        Assert.True(Bin.TryTake(bin) == null);
        Assert.True(Bin.TryGive(bin, fixture.Slot(0)) && Bin.TryGive(bin, fixture.Slot(1)));
        Assert.False(Bin.TryGive(bin, fixture.Slot(2)));
        Assert.True(bin->TrySwap(wanted: false));
        Assert.True(Bin.TryGive(bin, fixture.Slot(2)) && Bin.TryGive(bin, fixture.Slot(3)));
        Assert.False(Bin.TryGive(bin, fixture.Slot(3)));
        Assert.False(bin->TrySwap(wanted: false));
        Assert.Equal(4, bin->Count);

        Assert.True(Bin.TryTake(bin) == fixture.Slot(3) && Bin.TryTake(bin) == fixture.Slot(2));
        Assert.True(Bin.TryTake(bin) == null);
        Assert.True(bin->TrySwap(wanted: true));
        Assert.True(Bin.TryTake(bin) == fixture.Slot(1) && Bin.TryTake(bin) == fixture.Slot(0));
        Assert.False(bin->TrySwap(wanted: true));
        Assert.Equal(0, bin->Count);
    }

    [Fact]
    public unsafe void While_a_visitor_is_there_nothing_is_taken_or_given()
    {
        using var fixture = new Fixture(slots: 2, capacity: 2);
        Bin* bin = fixture.Bin;
        Assert.True(Bin.TryGive(bin, fixture.Slot(0)));
        bin->Gate.Announce();
        Assert.True(Bin.TryTake(bin) == null);
        Assert.False(Bin.TryGive(bin, fixture.Slot(1)));
        bin->Gate.EndVisit();
        Assert.True(Bin.TryGive(bin, fixture.Slot(1)));
        Assert.True(Bin.TryTake(bin) == fixture.Slot(1));
    }

    [Fact]
    public unsafe void A_bin_that_a_visitor_closed_takes_no_magazine_and_gives_back_the_one_it_is_offered()
    {
        int sizeClass = SizeClasses.Of(32_768);
        var depot = new Depot(sizeClass);
        using var fixture = new Fixture(slots: 1, Depot.CapacityOf(sizeClass));
        Bin* bin = fixture.Bin;
        Assert.True(Bin.TryGive(bin, fixture.Slot(0)));
        Assert.Equal(1, depot.GiveAll(bin));
        Assert.False(bin->HasRoom);
        Assert.False(Bin.TryGive(bin, fixture.Slot(0)) || bin->TrySwap(wanted: false) || bin->TrySwap(wanted: true));

        Magazine* magazine = depot.TryTake();
        Assert.True(bin->Push(magazine) == magazine);
        bin->Open(depot.TryTakeEmpty(), depot.TryTakeEmpty());
        Magazine* behind = bin->Push(magazine);
        Assert.True(behind != magazine && behind->Count == 0);
        Assert.True(Bin.TryTake(bin) == fixture.Slot(0));
    }

    [Fact]
    public unsafe void The_magazine_without_room_is_never_stored_and_so_never_handed_out()
    {
        var depot = new Depot(SizeClasses.Of(32_768));
        depot.Give(Magazine.None);
        depot.Give(null);
        Assert.True(depot.TryTake() == null);
        Assert.True(depot.TryTakeEmpty() != Magazine.None);
        Assert.Equal(0, Magazine.None->Capacity + Magazine.None->Count);
    }

    [Fact]
    public unsafe void It_is_idle_when_nothing_moved_between_two_looks()
    {
        using var fixture = new Fixture(slots: 2, capacity: 2);
        Bin* bin = fixture.Bin;
        _ = Bin.TryGive(bin, fixture.Slot(0));
        Assert.False(bin->WasIdle());
        Assert.True(bin->WasIdle());
        Slot* slot = Bin.TryTake(bin);
        slot->Generation.Value++;
        _ = Bin.TryGive(bin, slot);
        Assert.False(bin->WasIdle());
        Assert.True(bin->WasIdle());
    }

    /// <summary>
    /// The owner takes and gives as fast as it can, through the fast and the slow ways, while a visitor empties the
    /// bin into a depot all the time. The owner marks its slots: a slot that it gets twice is found, and so is
    /// one that is lost.
    /// </summary>
    [Fact]
    public unsafe void Owner_and_visitor_never_have_one_slot_together()
    {
        const int SlotCount = 6;
        int sizeClass = SizeClasses.Of(32_768);
        using var fixture = new Fixture(SlotCount, capacity: Depot.CapacityOf(sizeClass));
        var depot = new Depot(sizeClass);
        nint address = (nint)fixture.Bin;
        for (int i = 0; i < SlotCount; i++)
        {
            Give(fixture.Bin, depot, fixture.Slot(i));
        }

        bool stop = false;
        long turns = 0;
        long surprises = 0;
        var owner = new Thread(Own);
        owner.Start();
        long visits = 0;
        for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, visits > 100 && Volatile.Read(ref turns) > 1000); visits++)
        {
            fixture.Bin->Gate.Announce();
            Interlocked.MemoryBarrierProcessWide();
            fixture.Bin->Gate.WaitForOwner();
            _ = depot.GiveAll(fixture.Bin);
            fixture.Bin->Gate.EndVisit();
            if (visits % 16 == 0)
            {
                Thread.Yield();
            }
        }

        Volatile.Write(ref stop, true);
        owner.Join();
        Assert.Equal(0, surprises);
        Assert.Equal(SlotCount, fixture.Bin->Count + (depot.ByteCount / 32_768));
        Assert.True(visits > 100 && turns > 1000, $"{visits} visits, {turns} turns.");

        void Own()
        {
            var bin = (Bin*)address;
            var random = new Random(1);
            var opened = new Stack<nint>();
            while (!Volatile.Read(ref stop) || opened.Count > 0)
            {
                turns++;
                if (opened.Count < SlotCount && random.Next(2) == 0 && !Volatile.Read(ref stop))
                {
                    Slot* slot = Take(bin, depot);
                    if (slot != null)
                    {
                        surprises += slot->Allocator;
                        slot->Allocator = 1;
                        opened.Push((nint)slot);
                    }
                }
                else if (opened.TryPop(out nint top))
                {
                    ((Slot*)top)->Allocator = 0;
                    Give(bin, depot, (Slot*)top);
                }
            }
        }

        static Slot* Take(Bin* bin, Depot depot)
        {
            Slot* slot = Bin.TryTake(bin);
            if (slot == null && bin->TrySwap(wanted: true))
            {
                slot = Bin.TryTake(bin);
            }

            Reopen(bin, depot);
            if (slot == null && depot.TryTake() is var magazine && magazine != null)
            {
                depot.Give(bin->Push(magazine));
                slot = Bin.TryTake(bin);
            }

            return slot;
        }

        static void Give(Bin* bin, Depot depot, Slot* slot)
        {
            while (!Bin.TryGive(bin, slot))
            {
                Reopen(bin, depot);
                if (!bin->TrySwap(wanted: false))
                {
                    depot.Give(bin->Push(depot.TryTakeEmpty()));
                }
            }
        }

        static void Reopen(Bin* bin, Depot depot)
        {
            if (!bin->HasRoom)
            {
                bin->Open(depot.TryTakeEmpty(), depot.TryTakeEmpty());
            }
        }
    }

    private sealed class Fixture : IDisposable
    {
        private readonly unsafe Slot* _slots;

        public unsafe Fixture(int slots, int capacity)
        {
            nuint byteCount = (nuint)sizeof(Bin) + ((nuint)slots * (nuint)sizeof(Slot));
            Bin = (Bin*)NativeMemory.AlignedAlloc(byteCount, 64);
            NativeMemory.Clear(Bin, byteCount);
            _slots = (Slot*)(Bin + 1);
            NativeBuffers.Blocks.Bin.Initialize(Bin, null, 0);
            Bin->Open(Magazine.TryCreate(capacity), Magazine.TryCreate(capacity));
        }

        public unsafe Bin* Bin { get; }

        public unsafe Slot* Slot(int index) => _slots + index;

        public unsafe void Dispose() => NativeMemory.AlignedFree(Bin);
    }
}
