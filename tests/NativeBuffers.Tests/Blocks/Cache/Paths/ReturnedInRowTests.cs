using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Tests.Races;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>Blocks that their thread gives back in a row: all but the first one go to a magazine of its bin.</summary>
[Collection(ProcessWide.Name)]
public class ReturnedInRowTests
{
    private const int Length = 64;

    public ReturnedInRowTests() => Needs.Caches();

    [Fact]
    public void Each_buffer_comes_back_once() =>
        OtherThread.Run(
            static () =>
            {
                Rental[] rentals = Rent(500);
                for (int round = 0; round < 2; round++)
                {
                    Array.ForEach(rentals, static rental => rental.Buffer.Dispose());
                }

                Assert.All(rentals, static rental => Assert.True(rental.Buffer.IsDisposed));
                Rental[] next = Rent(1000);
                Assert.Equal(next.Length, next.Select(static rental => AddressOf(rental)).Distinct().Count());
                Array.ForEach(rentals, static rental => rental.Buffer.Dispose());
                Assert.All(next, static rental => Assert.False(rental.Buffer.IsDisposed));
                Array.ForEach(next, static rental => rental.Buffer.Dispose());
            });

    [Fact]
    public unsafe void A_magazine_takes_no_slot_of_another_generation_state_or_home() =>
        OtherThread.Run(
            static () =>
            {
                Rental[] rentals = Rent(2);
                Rental rental = rentals[0];
                Bin* home = rental.Slot->Home;
                using PooledBuffer<byte> larger = NativeMemoryPool<byte>.Shared.RentBuffer(10 * Length);
                Bin* other = new Rental(larger).Slot->Home;
                object before = rental.Look();
                Assert.False(FreePath.TryReturnHere(rental.Slot, new Generation(rental.Opened.Value - Generation.Step), home, SlotState.Open));
                Assert.False(FreePath.TryReturnHere(rental.Slot, new Generation(rental.Opened.Value + Generation.Step), home, SlotState.Open));
                Assert.False(FreePath.TryReturnHere(rental.Slot, rental.Opened, home, SlotState.Biased));
                Assert.False(FreePath.TryReturnHere(rental.Slot, rental.Opened, other, SlotState.Open));
                Assert.Equal(before, rental.Look());
                Assert.True(FreePath.TryReturnHere(rental.Slot, rental.Opened, home, SlotState.Open));
                Assert.Equal(rental.Opened.Next, rental.Slot->Generation);
                Assert.True(rental.Slot->Home == null);
                rentals[1].Buffer.Dispose();
            });

    [Theory]
    [InlineData("borrowed", false)]
    [InlineData("borrowed", true)]
    [InlineData("pinned", false)]
    [InlineData("pinned", true)]
    public unsafe void An_owner_in_use_keeps_its_block_until_the_use_ends(string use, bool isElsewhere) =>
        OtherThread.Run(
            () =>
            {
                NativeMemoryOwner<byte>[] others = [.. Enumerable.Range(0, 10).Select(static _ => NativeMemoryOwner<byte>.Create(Length))];
                NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(Length);
                owner.Borrow().Dispose();
                Array.ForEach(others, static other => other.Dispose());
                Slot* slot = owner.Owned.Slot;
                nint block = (nint)slot->Start;
                Assert.Equal(SlotState.Biased, slot->Generation.State);
                using var begun = new ManualResetEventSlim();
                using var ending = new ManualResetEventSlim();
                Thread? user = null;
                if (isElsewhere)
                {
                    user = new Thread(() => Use(owner, use, begun.Set, ending.Wait));
                    user.Start();
                    begun.Wait();
                    owner.Dispose();
                    AssertNotTaken(block);
                    ending.Set();
                    user.Join();
                }
                else
                {
                    Use(
                        owner,
                        use,
                        () =>
                        {
                            owner.Dispose();
                            AssertNotTaken(block);
                        },
                        static () => { });
                }

                NativeMemoryCache.Trim();
                Assert.True(slot->Start == null || slot->ReadGeneration().State == SlotState.Scoped, "The block did not come back.");
            });

    private static void Use(NativeMemoryOwner<byte> owner, string use, Action begin, Action end)
    {
        if (use == "borrowed")
        {
            using Borrow<byte> borrow = owner.Borrow();
            borrow.Span.Fill(5);
            begin();
            end();
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)5));
        }
        else
        {
            using System.Buffers.MemoryHandle pin = owner.Pin();
            begin();
            end();
        }
    }

    private static void AssertNotTaken(nint block)
    {
        Rental[] rentals = Rent(1000);
        Array.ForEach(rentals, static rental => rental.Buffer.Fill(7));
        Assert.DoesNotContain(block, rentals.Select(static rental => AddressOf(rental)));
        Array.ForEach(rentals, static rental => rental.Buffer.Dispose());
    }

    private static Rental[] Rent(int count) =>
        [.. Enumerable.Range(0, count).Select(static _ => new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(Length)))];

    private static unsafe nint AddressOf(Rental rental) => (nint)rental.Slot->Start;
}
