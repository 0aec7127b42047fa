using System.Buffers;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>A pin costs the same however many pins of its block are active, and ended pins do not pile up.</summary>
[CorrectProgram]
public class PinListTests
{
    private const int ManyPins = 32_000;

    [Fact]
    public void Many_pins_at_once_cost_no_more_than_few()
    {
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(64);
        var pins = new MemoryHandle[ManyPins];
        TimeSpan start = ProcessorTime.Now;
        for (int i = 0; i < pins.Length; i++)
        {
            pins[i] = owner.Pin();
        }

        foreach (ref MemoryHandle pin in pins.AsSpan())
        {
            pin.Dispose();
        }

        // Some milliseconds. A look at all active pins for each new pin takes two seconds.
        Assert.InRange(ProcessorTime.Now - start, TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public void Many_pins_that_the_owner_ends_cost_no_more_than_few()
    {
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(64);
        TimeSpan start = ProcessorTime.Now;
        for (int i = 0; i < ManyPins; i++)
        {
            _ = owner.Pin();
        }

        for (int i = 0; i < ManyPins; i++)
        {
            owner.Unpin();
        }

        Assert.InRange(ProcessorTime.Now - start, TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
        owner.Resize(100);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void Ended_pins_do_not_pile_up_beside_active_ones(int activeCount)
    {
        using NativeMemoryOwner<byte> owner = Create();
        var active = new MemoryHandle[activeCount];
        var random = new Random(1);
        foreach (ref MemoryHandle pin in active.AsSpan())
        {
            pin = owner.Pin();
        }

        for (int i = 0; i < 10_000; i++)
        {
            MemoryHandle added = owner.Pin();
            if (activeCount > 0)
            {
                // Any of the active pins ends, and the new one stays.
                ref MemoryHandle ended = ref active[random.Next(activeCount)];
                ended.Dispose();
                ended = added;
            }
            else
            {
                added.Dispose();
            }

            Assert.InRange(owner.Owned.Extras!.Pins.Count, activeCount, (3 * activeCount) + 64);
        }

        Array.ForEach(active, static pin => pin.Dispose());
        owner.Resize(100);
    }

    [Fact]
    public void Many_pins_of_an_earlier_time_leave_no_room_for_more_ended_pins()
    {
        using NativeMemoryOwner<byte> owner = Create();
        MemoryHandle[] early = [.. Enumerable.Range(0, ManyPins).Select(_ => owner.Pin())];
        Array.ForEach(early, static pin => pin.Dispose());
        using MemoryHandle active = owner.Pin();
        for (int i = 0; i < 1000; i++)
        {
            MemoryHandle kept = owner.Pin();
            owner.Pin().Dispose();
            kept.Dispose();
            Assert.InRange(owner.Owned.Extras!.Pins.Count, 1, 64);
        }
    }

    [Fact]
    public void The_owner_ends_the_last_of_the_pins_that_still_go_on()
    {
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(64);
        MemoryHandle[] pins = [owner.Pin(), owner.Pin(), owner.Pin(), owner.Pin()];
        pins[3].Dispose();
        pins[1].Dispose();
        owner.Unpin();

        // The third has ended by now, so a second end of it does nothing, and the first still goes on.
        pins[2].Dispose();
        Assert.Throws<InvalidOperationException>(() => owner.Resize(100));
        owner.Unpin();
        owner.Unpin();
        owner.Resize(100);
    }

    [Slow]
    [Fact]
    public void Threads_that_pin_and_end_pins_of_one_block_leave_none()
    {
        using NativeMemoryOwner<byte> owner = Create();
        new Race().Run(Pin, Pin, Unpin);
        while (IsPinned(owner))
        {
            // A pin of the third thread remains where that thread ended a pin of another one.
            owner.Unpin();
        }

        owner.Pin().Dispose();
        owner.Unpin();
        Assert.Equal(0, owner.Owned.Extras!.Pins.Count);

        void Pin(Random random)
        {
            var pins = new MemoryHandle[random.Next(1, 40)];
            foreach (ref MemoryHandle pin in pins.AsSpan())
            {
                pin = owner.Pin();
            }

            random.Shuffle(pins);
            Array.ForEach(pins, static pin => pin.Dispose());
        }

        void Unpin(Random random)
        {
            _ = owner.Pin();
            if (random.Next(2) == 0)
            {
                _ = owner.Pin();
                owner.Unpin();
            }

            owner.Unpin();
        }
    }

    private static bool IsPinned(NativeMemoryOwner<byte> owner)
    {
        try
        {
            owner.Resize(64);
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static NativeMemoryOwner<byte> Create()
    {
        SharedHandle handle = SharedHandle.Open(64, 1, file: null, line: 0, typeof(byte));
        return new NativeMemoryOwner<byte>(new OwnedBlock(handle, 64));
    }
}
