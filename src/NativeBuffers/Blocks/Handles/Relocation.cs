using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>Gives a slot that is in use room for another number of bytes.</summary>
internal static class Relocation
{
    /// <summary>Keeps contents; the block may move. The slot stays the same.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="oldBytes">How many bytes to keep, if there is room for them.</param>
    /// <param name="newBytes">How many bytes there must be room for.</param>
    /// <param name="zeroed">Whether the bytes behind the old ones must be zero.</param>
    /// <param name="trims">Whether a block of the cache is left for a smaller one that is large enough.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is as it was.</exception>
    /// <safety>The slot is exclusively the caller's, who was promised so many old bytes. It may have another home afterwards.</safety>
    public static unsafe void Resize(Slot* slot, nuint oldBytes, nuint newBytes, bool zeroed = true, bool trims = false)
    {
        if (slot->Kind == SlotKind.Cached && newBytes <= slot->ByteCount && !(trims && IsOversized(slot, newBytes)))
        {
            if (zeroed)
            {
                new Block(slot->Start, newBytes).ClearFrom(oldBytes);
            }
        }
        else if (!Uncached.CanResize(slot, newBytes))
        {
            Exchange(slot, oldBytes, newBytes, zeroed);
        }
        else
        {
            nuint hadBytes = slot->ByteCount;
            if (!Uncached.TryResize(slot, newBytes, zeroed))
            {
                throw Uncached.AllocatorOf(slot).RefusalOf(newBytes);
            }

            if (zeroed)
            {
                // What the block had beyond what was promised; the rest is zero already.
                new Block(slot->Start, nuint.Min(hadBytes, newBytes)).ClearFrom(oldBytes);
            }
        }
    }

    private static unsafe bool IsOversized(Slot* slot, nuint byteCount) => SizeClasses.Of(byteCount) < SizeClasses.Of(slot->ByteCount);

    /// <summary>From one class to another, between the classes and large blocks, between kinds of those: through a second slot.</summary>
    private static unsafe void Exchange(Slot* slot, nuint oldBytes, nuint newBytes, bool zeroed)
    {
        // Large blocks come from where zeroes cost nothing; others are cleared behind what is copied.
        bool comesZeroed = zeroed && newBytes > SizeClasses.Largest;
        Slot* other = Lease.TryTakeUnwatched(newBytes, comesZeroed);
        if (other == null)
        {
            throw NativeAllocator.Default.RefusalOf(newBytes);
        }

        var target = new Block(other->Start, newBytes);
        new Block(slot->Start, oldBytes).CopyTo(target);
        if (zeroed && !comesZeroed)
        {
            target.ClearFrom(oldBytes);
        }

        ThreadCache* cache = other->Home->Cache;
        AllocationCounts.Settle(slot, cache);
        AllocationCounts.Settle(other, cache);

        // The blocks change places, with all that belongs to them. Meanwhile the other slot must not look free.
        other->Generation = other->Generation.With(SlotState.Closing);
        byte* start = slot->Start;
        slot->Start = other->Start;
        other->Start = start;
        (slot->ByteCount, other->ByteCount) = (other->ByteCount, slot->ByteCount);
        (slot->Kind, other->Kind) = (other->Kind, slot->Kind);
        Bin* home = slot->Home;
        slot->Home = other->Home;
        other->Home = home;
        CloseProtocol.GiveBack(other, other->Generation, home);
    }
}
