using System.Buffers;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>One pin of a block, which is neither moved nor freed until the pin ends.</summary>
/// <remarks>
/// A pin may end on another thread than it began on, so it is counted, atomically. It is an object, because
/// a <see cref="MemoryHandle"/> is a struct: the disposal of two copies must not end two pins.
/// </remarks>
internal sealed class Pin : IPinnable
{
    private readonly unsafe Slot* _slot;
    private int _hasEnded;

    /// <safety>The pointer is kept, not followed.</safety>
    private unsafe Pin(Slot* slot, Generation opened)
    {
        _slot = slot;
        Opened = opened;
    }

    /// <summary>The generation that is pinned.</summary>
    public Generation Opened { get; }

    /// <summary>The pin before this one in a <see cref="PinList"/>.</summary>
    public Pin? Before { get; set; }

    /// <summary>Whether the pin is over.</summary>
    public bool HasEnded => Volatile.Read(ref _hasEnded) != 0;

    /// <summary>Pins a block; null when its generation is over.</summary>
    /// <safety>Slots are never unmapped; the generation was the caller's, perhaps long ago.</safety>
    /// <exception cref="InvalidOperationException">The block has <see cref="Slot.MostPins"/> pins already, or this thread is resizing it.</exception>
    public static unsafe Pin? TryBegin(Slot* slot, Generation opened)
    {
        // Before the count, too: a count of a call that comes too late makes the slot's next owner look used for a moment.
        if (slot->ReadGeneration().IsOverFor(opened))
        {
            return null;
        }

        var pin = new Pin(slot, opened);
        Backoff backoff = default;
        while (true)
        {
            // Count, then look. A closing thread moves the state on, then reads the count. Both are atomic operations.
            Count(slot);
            Bin* home = (Bin*)Volatile.Read(ref *(nint*)&slot->Home);
            Generation now = slot->ReadGeneration();
            bool isOpen = now.IsOpenFor(opened);
            if (now.Is(SlotState.Biased, opened) && !ThreadCache.IsHere(home, out _))
            {
                // The slot's own thread might not look at the count.
                isOpen = CloseProtocol.TryShare(slot, opened, SlotState.Biased);
            }

            if (isOpen)
            {
                return pin;
            }

            Uncount(slot);
            if (now.IsOverFor(opened))
            {
                return null;
            }

            CloseProtocol.Wait(slot, ref backoff);
        }
    }

    /// <summary>Counts a pin without a look at the generation: for a thread that is about to close it. End the pin if the close fails.</summary>
    /// <safety>Slots are never unmapped; the generation was the caller's, perhaps long ago.</safety>
    public static unsafe Pin BeginUnchecked(Slot* slot, Generation opened)
    {
        var pin = new Pin(slot, opened);
        Count(slot);
        return pin;
    }

    MemoryHandle IPinnable.Pin(int elementIndex) => throw new NotSupportedException();

    /// <summary>Another pin of the same block, even if the block is closed by now; null when this one has ended.</summary>
    /// <inheritdoc cref="TryBegin" path="/exception"/>
    public Pin? TryBeginAnother()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. While this pin has not ended, the block is not given back. If it has not
            // ended after the new pin was counted, the thread that gives the block back finds the new count.
            var pin = new Pin(_slot, Opened);
            Count(_slot);
            if (HasEnded)
            {
                pin.Unpin();
                return null;
            }

            return pin;
        }
    }

    /// <summary>Ends the pin, once. Gives the block back if it was closed since.</summary>
    public void Unpin() => _ = TryEnd();

    /// <summary>The same as <see cref="Unpin"/>; false when the pin was over already.</summary>
    public bool TryEnd()
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
        {
            return false;
        }

        unsafe
        {
            // SAFETY: slots are never unmapped, and this pin was counted.
            Uncount(_slot);
        }

        return true;
    }

    /// <safety>The slot is never unmapped. Its generation may be over: the caller checks that after the count.</safety>
    private static unsafe void Count(Slot* slot)
    {
        if (Interlocked.Increment(ref SlotTable.PinsOf(slot)) > Slot.MostPins)
        {
            Uncount(slot);
            throw ThrowHelper.TooManyPins(Slot.MostPins);
        }
    }

    /// <safety>The slot is never unmapped, and <see cref="Count"/> has counted the pin.</safety>
    private static unsafe void Uncount(Slot* slot)
    {
        Interlocked.Decrement(ref SlotTable.PinsOf(slot));
        FreePath.TryFinish(slot);
    }
}
