namespace NativeBuffers.Caches;

/// <summary>How a held slot comes to its end: closed by one, used perhaps by others, given back by exactly one.</summary>
internal static class Closing
{
    /// <summary>The states as differences to a generation that is held.</summary>
    public const ulong Held = 0;

    public const ulong Biased = SlotState.Biased - SlotState.Held;

    public const ulong Shared = SlotState.Shared - SlotState.Held;

    public const ulong Exclusive = SlotState.Exclusive - SlotState.Held;

    /// <summary>Ends the generation. The block is given back now, or when the last borrow or pin of it ends.</summary>
    /// <returns>False when that generation was not open any more.</returns>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    public static unsafe bool Close(Slot* slot, ulong held)
    {
        if (!TryLeaveOpen(slot, held, SlotState.Closing, out SlotState before))
        {
            return false;
        }

        if (!IsUsed(slot, before))
        {
            GiveBack(slot, Slot.With(held, SlotState.Closing));
        }
        else if (TryMove(slot, held, SlotState.Closing, SlotState.Deferred))
        {
            // Its last user may have ended just before, and have seen that the closing was still going on.
            TryFinish(slot);
        }

        return true;
    }

    /// <summary>Keeps everybody else out for a while; ends with <see cref="EndExclusive"/>, or by moving the generation on.</summary>
    /// <returns>False when the generation was not open any more.</returns>
    /// <param name="slot">The slot.</param>
    /// <param name="held">Its generation, in the state <see cref="SlotState.Held"/>.</param>
    /// <param name="isUsed">True when somebody is borrowing or pinning the block, and the state is open as before.</param>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    public static unsafe bool TryEnterExclusive(Slot* slot, ulong held, out bool isUsed)
    {
        isUsed = false;
        if (!TryLeaveOpen(slot, held, SlotState.Exclusive, out SlotState before))
        {
            return false;
        }

        isUsed = IsUsed(slot, before);
        if (isUsed)
        {
            EndExclusive(slot, held);
        }

        return true;
    }

    /// <summary>Lets everybody in again, as users of any thread.</summary>
    /// <safety>The caller has entered, and not moved the generation on.</safety>
    public static unsafe void EndExclusive(Slot* slot, ulong held) =>
        _ = TryMove(slot, held, SlotState.Exclusive, SlotState.Shared);

    /// <summary>
    /// Lets other threads in on a slot that its own thread may give back without an atomic operation: after this, it
    /// does not. False when the generation is not open any more.
    /// </summary>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    public static unsafe bool TryShare(Slot* slot, ulong held)
    {
        while (true)
        {
            ulong state = Volatile.Read(ref slot->Generation) - held;
            if (state is Biased or Shared)
            {
                return true;
            }

            if (IsExclusive(state))
            {
                Wait();
                continue;
            }

            if (state != Held)
            {
                return false;
            }

            Magazine* home = slot->Home;
            if (ThreadCache.IsMine(home))
            {
                return TryMove(slot, held, SlotState.Held, SlotState.Biased) || TryShare(slot, held);
            }

            if (TryMove(slot, held, SlotState.Held, SlotState.Exclusive))
            {
                Interlocked.MemoryBarrierProcessWide();
                if (home != null)
                {
                    home->WaitForOwner();
                }

                return TryMove(slot, held, SlotState.Exclusive, SlotState.Shared);
            }
        }
    }

    /// <summary>Gives the block back if it is closed and nobody uses it any more: for whoever just ended a use.</summary>
    /// <safety>Slots are never unmapped. The end of the caller's use is visible to all: a full barrier came after it.</safety>
    public static unsafe void TryFinish(Slot* slot)
    {
        ulong generation = Volatile.Read(ref slot->Generation);
        if (Slot.StateOf(generation) == SlotState.Deferred
            && Volatile.Read(ref slot->Pins) == 0
            && !ThreadCaches.IsBorrowed(slot)
            && TryMove(slot, Slot.With(generation, SlotState.Held), SlotState.Deferred, SlotState.Closing))
        {
            GiveBack(slot, Slot.With(generation, SlotState.Closing));
        }
    }

    /// <summary>
    /// Whether a difference to a held generation says that one thread keeps the others out: as that generation, or as the
    /// one before, which it is about to end (it tells the owner the new generation first, and the slot then).
    /// </summary>
    public static bool IsExclusive(ulong state) => state == Exclusive || state + Slot.Step == Exclusive;

    /// <summary>Waits a moment for a thread that is <see cref="SlotState.Exclusive"/>, without sleeping, which an interrupt would break.</summary>
    public static void Wait()
    {
        Thread.SpinWait(20);
        _ = Thread.Yield();
    }

    private static unsafe bool TryLeaveOpen(Slot* slot, ulong held, SlotState next, out SlotState before)
    {
        while (true)
        {
            ulong generation = Volatile.Read(ref slot->Generation);
            before = Slot.StateOf(generation);
            if (IsExclusive(generation - held))
            {
                Wait();
            }
            else if (generation - held > Shared)
            {
                return false;
            }
            else if (TryMove(slot, held, before, next))
            {
                return true;
            }
        }
    }

    /// <safety>The caller has just moved the state on from <paramref name="before"/>, with an atomic operation.</safety>
    private static unsafe bool IsUsed(Slot* slot, SlotState before)
    {
        if (Volatile.Read(ref slot->Pins) != 0)
        {
            return true;
        }

        switch (before)
        {
            case SlotState.Held:
                return false;
            case SlotState.Biased when ThreadCache.IsMine(slot->Home):
                return BorrowRecords.Name(ThreadCache.MakeRecords(), slot);
            default:
                Interlocked.MemoryBarrierProcessWide();
                return ThreadCaches.IsBorrowed(slot);
        }
    }

    /// <summary>Moves a generation from one state to another, atomically.</summary>
    /// <safety>Slots are never unmapped; the caller may do this to this generation.</safety>
    public static unsafe bool TryMove(Slot* slot, ulong held, SlotState from, SlotState to) =>
        Interlocked.CompareExchange(ref slot->Generation, Slot.With(held, to), Slot.With(held, from)) == Slot.With(held, from);

    /// <summary>Gives a closing slot back.</summary>
    /// <safety>The caller closed it, and it has no user.</safety>
    public static unsafe void GiveBack(Slot* slot, ulong closing)
    {
        Magazine* home = slot->Home;
        if (ThreadCache.IsMine(home))
        {
            slot->Generation = Slot.After(closing);
            ThreadCache.Return(slot, home);
        }
        else if (slot->Kind == SlotKind.Cached)
        {
            ThreadCache.ReturnElsewhere(slot, closing);
        }
        else
        {
            Uncached.FreeElsewhere(slot);
        }
    }
}
