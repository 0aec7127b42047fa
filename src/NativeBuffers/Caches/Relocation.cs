using NativeBuffers.Raw;

namespace NativeBuffers.Caches;

/// <summary>Gives a slot that is in use room for another number of bytes.</summary>
internal static class Relocation
{
    /// <summary>Keeps contents; new bytes are zero; the block may move. The slot stays the same.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is as it was.</exception>
    /// <safety>The slot is exclusively the caller's, who was promised so many old bytes. It may have another home afterwards.</safety>
    public static unsafe void Resize(Slot* slot, nuint oldBytes, nuint newBytes)
    {
        switch (slot->Kind)
        {
            case SlotKind.Cached when newBytes <= slot->ByteCount:
                new Block(slot->Start, newBytes).ClearFrom(oldBytes);
                return;
            case SlotKind.Large when newBytes > SizeClasses.Largest:
            case SlotKind.Foreign:
                if (!Uncached.TryResize(slot, newBytes))
                {
                    throw Failure.OutOfMemory(newBytes, Uncached.AllocatorOf(slot));
                }

                return;
        }

        // From one class to another, or between the classes and large blocks: through a second slot.
        Slot* other = Lease.TryTake(newBytes, zeroed: false);
        if (other == null)
        {
            throw Failure.OutOfMemory(newBytes, NativeAllocator.Default);
        }

        var target = new Block(other->Start, newBytes);
        new Block(slot->Start, oldBytes).CopyTo(target);
        target.ClearFrom(oldBytes);

        // The blocks change places, with all that belongs to them. Meanwhile the other slot must not look free.
        other->Generation = Slot.With(other->Generation, SlotState.Closing);
        byte* start = slot->Start;
        slot->Start = other->Start;
        other->Start = start;
        (slot->ByteCount, other->ByteCount) = (other->ByteCount, slot->ByteCount);
        (slot->Kind, other->Kind) = (other->Kind, slot->Kind);
        Magazine* home = slot->Home;
        slot->Home = other->Home;
        other->Home = home;
        Closing.GiveBack(other, other->Generation, home);
    }
}
