using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Blocks;

/// <summary>Counts of one byte stay at their highest value, and do not return to 0.</summary>
[Collection(ProcessWide.Name)]
public class SlotCountTests
{
    [Fact]
    public unsafe void A_queue_of_many_slots_is_at_least_255_deep()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                var queue = default(RemoteFrees);
                for (int i = 0; i < 600; i++)
                {
                    Slot* slot = SharedHandle.Open(64, 1, file: null, line: 0, typeof(byte)).Slot;
                    slot->Generation = slot->Generation.With(SlotState.RemotelyFreed);
                    Assert.True(RemoteFrees.TryPush(&queue, slot, out int depth));
                    Assert.Equal(int.Min(i, byte.MaxValue), depth);
                }

                int taken = 0;
                for (Slot* slot = RemoteFrees.TakeAll(&queue), below; slot != null; slot = below, taken++)
                {
                    below = RemoteFrees.Below(slot);
                    Assert.True(RemoteFrees.TryTake(slot, out Generation closing));
                    FreePath.ReturnClosed(slot, closing, slot->Home);
                }

                Assert.Equal(600, taken);
            });
    }

    [Fact]
    public unsafe void A_slot_that_stays_at_home_for_many_loans_is_expected_to_stay_until_it_leaves()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                Slot* slot = null;
                for (int i = 0; i < 600; i++)
                {
                    SharedHandle handle = SharedHandle.Open(64, 1, file: null, line: 0, typeof(byte));
                    Assert.True(slot == null || slot == handle.Slot);
                    slot = handle.Slot;
                    int before = slot->UsesAtHome;
                    var owner = new NativeMemoryOwner<byte>(new OwnedBlock(handle, 64));
                    owner.Borrow().Dispose();
                    owner.Dispose();
                    Assert.Equal(int.Min(before + 1, byte.MaxValue), slot->UsesAtHome);
                }

                Assert.Equal(byte.MaxValue, slot->UsesAtHome);
                var last = NativeMemoryOwner<byte>.Create(64);
                OtherThread.Run(last.Dispose);
                Assert.Equal(0, slot->UsesAtHome);
            });
    }
}
