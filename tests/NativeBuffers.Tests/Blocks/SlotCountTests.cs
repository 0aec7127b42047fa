using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Blocks;

/// <summary>A count of one byte stays at its highest value, and does not return to 0.</summary>
[Collection(ProcessWide.Name)]
public class SlotCountTests
{
    [Fact]
    public unsafe void A_slot_that_stays_at_home_for_many_uses_is_expected_to_stay_until_it_leaves()
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
