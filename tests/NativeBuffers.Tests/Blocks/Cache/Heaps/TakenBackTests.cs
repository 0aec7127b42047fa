using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Tests.Races;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>Blocks that other threads have freed, and that their own thread takes over without an atomic operation.</summary>
[Collection(ProcessWide.Name)]
public sealed class TakenBackTests : IDisposable
{
    private const int Length = 64;

    private readonly long _limit = CacheLimits.ProcessBytes;

    public TakenBackTests()
    {
        Needs.Caches();

        // The bins must have room: earlier tests may have left the caches of the process full.
        CacheLimits.ProcessBytes = long.MaxValue / 2;
    }

    public void Dispose() => CacheLimits.ProcessBytes = _limit;

    [Fact]
    public unsafe void Of_a_list_only_the_freed_slots_are_taken_and_each_once() =>
        OtherThread.Run(
            static () =>
            {
                Rental[] rentals = [.. Enumerable.Range(0, 6).Select(static _ => new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(Length)))];
                Bin* home = rentals[0].Slot->Home;
                RemoteBatch* batch = BatchOf(home, rentals);
                SlotState[] states =
                [
                    SlotState.RemotelyFreed, SlotState.Open, SlotState.Closing, SlotState.RemotelyFreed, SlotState.ClosePending, SlotState.RemotelyFreed,
                ];
                for (int i = 0; i < rentals.Length; i++)
                {
                    // As another thread leaves it, or the home's next user.
                    rentals[i].Slot->Generation = rentals[i].Opened.With(states[i]);
                }

                Slot* taken = null;
                RemotePath.TakeBack(batch, home, &ThreadCache.Of(home)->Closed, ref taken);
                Assert.True(taken == rentals[0].Slot);
                for (int i = 0; i < rentals.Length; i++)
                {
                    Generation opened = rentals[i].Opened;
                    Generation expected = states[i] == SlotState.RemotelyFreed ? opened.Next : opened.With(states[i]);
                    Assert.Equal(expected.Value, rentals[i].Slot->Generation.Value);
                    Assert.Equal(i is 3 or 5, rentals[i].Slot->Home == null);
                }

                // The list is old by now.
                Slot* again = null;
                RemotePath.TakeBack(batch, home, &ThreadCache.Of(home)->Closed, ref again);
                Assert.True(again == null);
                Assert.Equal(0, home->Gate.Inside);
                FreePath.Return(taken, home);
                foreach (int i in (int[])[1, 2, 4])
                {
                    rentals[i].Slot->Generation = rentals[i].Opened;
                    rentals[i].Buffer.Dispose();
                }

                Rental[] next = [.. Enumerable.Range(0, 500).Select(static _ => new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(Length)))];
                Assert.Distinct(next.Select(static rental => (nint)rental.Slot));
                Array.ForEach(next, static rental => rental.Buffer.Dispose());
                _ = Outbox.GiveBack(batch);
            });

    [Fact]
    public unsafe void A_listed_slot_of_another_thread_is_taken_away_from_that_thread()
    {
        PooledBuffer<byte> foreign = default;
        using var isMade = new ManualResetEventSlim();
        using var ends = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            foreign = NativeMemoryPool<byte>.Shared.RentBuffer(Length);
            isMade.Set();
            ends.Wait();
        });
        other.Start();
        isMade.Wait(TestContext.Current.CancellationToken);
        var rental = new Rental(foreign);
        OtherThread.Run(() =>
        {
            var own = new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(Length));
            Bin* home = own.Slot->Home;
            RemoteBatch* batch = BatchOf(home, rental);
            rental.Slot->Generation = rental.Opened.With(SlotState.RemotelyFreed);
            Slot* taken = null;
            RemotePath.TakeBack(batch, home, &ThreadCache.Of(home)->Closed, ref taken);
            Assert.True(taken == null);
            Assert.True(rental.Slot->Home == null);
            Assert.NotEqual(rental.Opened.Number, rental.Slot->Generation.Number);
            own.Buffer.Dispose();
            _ = Outbox.GiveBack(batch);
        });
        ends.Set();
        other.Join();
    }

    /// <summary>A batch as the slots' freeing threads send it to a home of this thread.</summary>
    private static unsafe RemoteBatch* BatchOf(Bin* home, params Rental[] rentals)
    {
        RemoteBatch* batch = RemoteBatch.TryCreate(&ThreadCache.Of(home)->Outbox);
        RemoteBatch.Address(batch, home, home->SizeClass, heapId: 0, mayWait: true);
        foreach (Rental rental in rentals)
        {
            RemoteBatch.Slots(batch)[batch->Count++] = rental.Slot;
        }

        return batch;
    }
}
