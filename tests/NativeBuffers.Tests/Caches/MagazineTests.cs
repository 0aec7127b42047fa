using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Caches;
using NativeBuffers.Tests.Races;

namespace NativeBuffers.Tests.Caches;

/// <summary>A magazine by itself: a stack for its owner, with a gate for visitors.</summary>
public class MagazineTests
{
    [Fact]
    public unsafe void What_was_given_last_is_taken_first_and_what_has_no_room_is_refused()
    {
        using var fixture = new Fixture(slots: 4, capacity: 2);
        Magazine* magazine = fixture.Magazine;
        Assert.True(Magazine.TryTake(magazine) == null);
        Assert.True(Magazine.TryGive(magazine, fixture.Slot(0)) && Magazine.TryGive(magazine, fixture.Slot(1)));
        Assert.False(Magazine.TryGive(magazine, fixture.Slot(2)));
        Assert.True(magazine->TrySwap(wanted: false));
        Assert.True(Magazine.TryGive(magazine, fixture.Slot(2)) && Magazine.TryGive(magazine, fixture.Slot(3)));
        Assert.False(Magazine.TryGive(magazine, fixture.Slot(3)));
        Assert.False(magazine->TrySwap(wanted: false));
        Assert.Equal(4, magazine->Count);

        Assert.True(Magazine.TryTake(magazine) == fixture.Slot(3) && Magazine.TryTake(magazine) == fixture.Slot(2));
        Assert.True(Magazine.TryTake(magazine) == null);
        Assert.True(magazine->TrySwap(wanted: true));
        Assert.True(Magazine.TryTake(magazine) == fixture.Slot(1) && Magazine.TryTake(magazine) == fixture.Slot(0));
        Assert.False(magazine->TrySwap(wanted: true));
        Assert.Equal(0, magazine->Count);
    }

    [Fact]
    public unsafe void While_a_visitor_is_there_nothing_is_taken_or_given()
    {
        using var fixture = new Fixture(slots: 2, capacity: 2);
        Magazine* magazine = fixture.Magazine;
        Assert.True(Magazine.TryGive(magazine, fixture.Slot(0)));
        magazine->Announce();
        Assert.True(Magazine.TryTake(magazine) == null);
        Assert.False(Magazine.TryGive(magazine, fixture.Slot(1)));
        magazine->EndVisit();
        Assert.True(Magazine.TryGive(magazine, fixture.Slot(1)));
        Assert.True(Magazine.TryTake(magazine) == fixture.Slot(1));
    }

    [Fact]
    public unsafe void A_magazine_that_a_visitor_closed_takes_no_bundle_and_gives_back_the_one_it_is_offered()
    {
        int sizeClass = SizeClasses.Of(32_768);
        var shelf = new Shelf(sizeClass);
        using var fixture = new Fixture(slots: 1, Magazine.CapacityOf(sizeClass));
        Magazine* magazine = fixture.Magazine;
        Assert.True(Magazine.TryGive(magazine, fixture.Slot(0)));
        Assert.Equal(1, magazine->Close(shelf));
        Assert.False(magazine->HasRoom);
        Assert.False(Magazine.TryGive(magazine, fixture.Slot(0)) || magazine->TrySwap(wanted: false) || magazine->TrySwap(wanted: true));

        Bundle* bundle = shelf.TryTake();
        Assert.True(magazine->Push(bundle) == bundle);
        magazine->Open(shelf.TryTakeEmpty(), shelf.TryTakeEmpty());
        Bundle* behind = magazine->Push(bundle);
        Assert.True(behind != bundle && behind->Count == 0);
        Assert.True(Magazine.TryTake(magazine) == fixture.Slot(0));
    }

    [Fact]
    public unsafe void The_bundle_without_room_is_never_stored_and_so_never_handed_out()
    {
        var shelf = new Shelf(SizeClasses.Of(32_768));
        shelf.Give(Bundle.None);
        shelf.Give(null);
        Assert.True(shelf.TryTake() == null);
        Assert.True(shelf.TryTakeEmpty() != Bundle.None);
        Assert.Equal(0, Bundle.None->Capacity + Bundle.None->Count);
    }

    [Fact]
    public unsafe void It_is_idle_when_nothing_moved_between_two_looks()
    {
        using var fixture = new Fixture(slots: 2, capacity: 2);
        Magazine* magazine = fixture.Magazine;
        _ = Magazine.TryGive(magazine, fixture.Slot(0));
        Assert.False(magazine->WasIdle());
        Assert.True(magazine->WasIdle());
        Slot* slot = Magazine.TryTake(magazine);
        slot->Generation++;
        _ = Magazine.TryGive(magazine, slot);
        Assert.False(magazine->WasIdle());
        Assert.True(magazine->WasIdle());
    }

    /// <summary>
    /// The owner takes and gives as fast as it can, through the fast and the slow ways, while a visitor empties the
    /// magazine into a shelf all the time. The owner marks what it holds; a slot that it is given twice is seen, and so is
    /// one that is lost.
    /// </summary>
    [Fact]
    public unsafe void Owner_and_visitor_never_have_one_slot_together()
    {
        const int SlotCount = 6;
        int sizeClass = SizeClasses.Of(32_768);
        using var fixture = new Fixture(SlotCount, capacity: Magazine.CapacityOf(sizeClass));
        var shelf = new Shelf(sizeClass);
        nint address = (nint)fixture.Magazine;
        for (int i = 0; i < SlotCount; i++)
        {
            Give(fixture.Magazine, shelf, fixture.Slot(i));
        }

        bool stop = false;
        long turns = 0;
        long surprises = 0;
        var owner = new Thread(Own);
        owner.Start();
        long visits = 0;
        for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, visits > 100 && Volatile.Read(ref turns) > 1000); visits++)
        {
            fixture.Magazine->Announce();
            Interlocked.MemoryBarrierProcessWide();
            fixture.Magazine->WaitForOwner();
            _ = fixture.Magazine->Close(shelf);
            fixture.Magazine->EndVisit();
            if (visits % 16 == 0)
            {
                Thread.Yield();
            }
        }

        Volatile.Write(ref stop, true);
        owner.Join();
        Assert.Equal(0, surprises);
        Assert.Equal(SlotCount, fixture.Magazine->Count + (shelf.ByteCount / 32_768));
        Assert.True(visits > 100 && turns > 1000, $"{visits} visits, {turns} turns.");

        void Own()
        {
            var magazine = (Magazine*)address;
            var random = new Random(1);
            var held = new Stack<nint>();
            while (!Volatile.Read(ref stop) || held.Count > 0)
            {
                turns++;
                if (held.Count < SlotCount && random.Next(2) == 0 && !Volatile.Read(ref stop))
                {
                    Slot* slot = Take(magazine, shelf);
                    if (slot != null)
                    {
                        surprises += slot->Allocator;
                        slot->Allocator = 1;
                        held.Push((nint)slot);
                    }
                }
                else if (held.TryPop(out nint top))
                {
                    ((Slot*)top)->Allocator = 0;
                    Give(magazine, shelf, (Slot*)top);
                }
            }
        }

        static Slot* Take(Magazine* magazine, Shelf shelf)
        {
            Slot* slot = Magazine.TryTake(magazine);
            if (slot == null && magazine->TrySwap(wanted: true))
            {
                slot = Magazine.TryTake(magazine);
            }

            Reopen(magazine, shelf);
            if (slot == null && shelf.TryTake() is var bundle && bundle != null)
            {
                shelf.Give(magazine->Push(bundle));
                slot = Magazine.TryTake(magazine);
            }

            return slot;
        }

        static void Give(Magazine* magazine, Shelf shelf, Slot* slot)
        {
            while (!Magazine.TryGive(magazine, slot))
            {
                Reopen(magazine, shelf);
                if (!magazine->TrySwap(wanted: false))
                {
                    shelf.Give(magazine->Push(shelf.TryTakeEmpty()));
                }
            }
        }

        static void Reopen(Magazine* magazine, Shelf shelf)
        {
            if (!magazine->HasRoom)
            {
                magazine->Open(shelf.TryTakeEmpty(), shelf.TryTakeEmpty());
            }
        }
    }

    private sealed class Fixture : IDisposable
    {
        private readonly unsafe Slot* _slots;

        public unsafe Fixture(int slots, int capacity)
        {
            nuint byteCount = (nuint)(sizeof(Magazine) + (slots * sizeof(Slot)));
            Magazine = (Magazine*)NativeMemory.AlignedAlloc(byteCount, 64);
            NativeMemory.Clear(Magazine, byteCount);
            _slots = (Slot*)(Magazine + 1);
            NativeBuffers.Caches.Magazine.Initialize(Magazine, null, 0);
            Magazine->Open(Bundle.TryCreate(capacity), Bundle.TryCreate(capacity));
        }

        public unsafe Magazine* Magazine { get; }

        public unsafe Slot* Slot(int index) => _slots + index;

        public unsafe void Dispose() => NativeMemory.AlignedFree(Magazine);
    }
}
