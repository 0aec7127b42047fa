using System.Buffers;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>A block has as many pins as the count allows: the next pin is refused, and nothing is freed.</summary>
[CorrectProgram]
public class PinCountTests
{
    private readonly RecordingAllocator _allocator = new();

    [Fact]
    public unsafe void A_block_with_as_many_pins_as_it_may_have_takes_no_more_and_is_not_freed()
    {
        NativeMemoryOwner<byte> owner = Create(out Slot* slot);
        IMemoryOwner<byte> kept = owner.Retain();
        kept.Memory.Span.Fill(7);
        Memory<byte> memory = owner.Memory;
        SlotTable.PinsOf(slot) = Slot.MostPins;
        foreach (Action pin in new Action[] { () => owner.Retain(), () => owner.Retain(1, 1), () => owner.Pin(), () => memory.Pin(), () => kept.Memory.Pin() })
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Throws<InvalidOperationException>(pin);
                Assert.Equal(Slot.MostPins, SlotTable.PinsOf(slot));
            }
        }

        SlotTable.PinsOf(slot)--;
        owner.Retain().Dispose();
        MemoryHandle last = kept.Memory.Pin();
        owner.Dispose();
        Assert.Throws<InvalidOperationException>(() => kept.Memory.Pin());
        Assert.Throws<ObjectDisposedException>(() => owner.Retain());
        Assert.False(kept.Memory.Span.ContainsAnyExcept((byte)7));
        Assert.Equal(1, _allocator.LiveBlocks);

        // All but the two that were begun here.
        SlotTable.PinsOf(slot) = 2;
        last.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);
        kept.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Slow]
    [Fact]
    public unsafe void Threads_that_pin_at_the_end_of_the_count_leave_it_right()
    {
        const int Places = 2;
        NativeMemoryOwner<byte> owner = Create(out Slot* slot);
        SlotTable.PinsOf(slot) = Slot.MostPins - Places;
        int pinned = 0;
        long refused = 0;
        new Race { IsEnough = () => Volatile.Read(ref refused) != 0 }.Run(Pin, Pin, Pin, Pin);
        Assert.Equal(Slot.MostPins - Places, SlotTable.PinsOf(slot));
        Assert.NotEqual(0, refused);

        SlotTable.PinsOf(slot) = 0;
        owner.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);

        void Pin(Random random)
        {
            try
            {
                using IMemoryOwner<byte> kept = owner.Retain();
                Assert.InRange(Interlocked.Increment(ref pinned), 1, Places);
                Thread.SpinWait(random.Next(50));
                Interlocked.Decrement(ref pinned);
            }
            catch (InvalidOperationException)
            {
                Interlocked.Increment(ref refused);
            }
        }
    }

    private unsafe NativeMemoryOwner<byte> Create(out Slot* slot)
    {
        SharedHandle handle = SharedHandle.Open(100, _allocator, zeroed: true, file: null, line: 0, typeof(byte));
        slot = handle.Slot;
        return new NativeMemoryOwner<byte>(new OwnedBlock(handle, 100));
    }
}
