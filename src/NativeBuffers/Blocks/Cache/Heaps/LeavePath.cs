using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The path by which a thread other than the home's takes a slot out of its home.</summary>
internal static class LeavePath
{
    /// <summary>Moves a remotely freed slot to the depot, if it is still freed.</summary>
    /// <safety>Slots are never unmapped.</safety>
    public static unsafe void TakeAway(Slot* slot)
    {
        if (RemoteFrees.TryTake(slot, out Generation closing))
        {
            Interlocked.MemoryBarrierProcessWide();
            TakeAwayUnlessReturned(slot, closing);
        }
    }

    /// <summary>Moves a slot from remote frees to the depot, unless the slot's own thread gave it back at the same time.</summary>
    /// <safety>The caller has taken the slot in this generation, and then passed a barrier of the whole process.</safety>
    public static unsafe void TakeAwayUnlessReturned(Slot* slot, Generation closing)
    {
        Bin* home = slot->Home;
        PoolHeap? heap = home != null && HeapBin.Is(home) ? PoolHeaps.Of(((HeapBin*)home)->Set) : null;
        if (TryTakeAway(slot, closing))
        {
            if (heap is not null)
            {
                heap.Keep(slot);
            }
            else
            {
                Depot.For(SizeClasses.Of(slot->ByteCount)).GiveOne(slot);
            }
        }
    }

    /// <summary>Takes a slot from its home, unless the home's thread gave it back at the same time.</summary>
    /// <returns>Whether the slot is the caller's, in its next generation and without a home.</returns>
    /// <inheritdoc cref="TakeAwayUnlessReturned" path="/safety"/>
    public static unsafe bool TryTakeAway(Slot* slot, Generation closing)
    {
        // If the slot's own thread has not seen the remote free, that thread is inside: let it finish. If it has taken the home away, it has
        // stored the generation before.
        var home = (Bin*)Volatile.Read(ref *(nint*)&slot->Home);
        if (home != null)
        {
            home->Gate.WaitForOwner();
        }

        bool isTaken = slot->ReadGeneration() == closing;
        if (isTaken)
        {
            LeaveHome(slot);
        }

        return isTaken;
    }

    /// <summary>Takes a closing slot from its home, on a thread that the home does not belong to.</summary>
    /// <safety>The slot belongs to the caller, and has a home.</safety>
    public static unsafe void LeaveHome(Slot* slot)
    {
        // The home goes first: a slot in the state scoped with a home would count as abandoned when the home's thread ends.
        if (!HeapBin.Is(slot->Home))
        {
            _ = Interlocked.Increment(ref ThreadCache.Of(slot->Home)->SlotsTakenAway);
        }

        slot->Home = null;
        slot->WriteGeneration(slot->Generation.Next);
    }
}
