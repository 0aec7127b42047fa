using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>How a held slot comes to its end: closed by one, used perhaps by others, given back by exactly one.</summary>
internal static class CloseProtocol
{
    /// <summary>
    /// How often to look before a slot counts as used. Who tries to use an owner that was disposed, and whose slot another
    /// one has now, is seen there for a moment.
    /// </summary>
    private const int LooksAtUsers = 5;

    /// <summary>Ends the generation. The block is given back now, or when the last borrow or pin of it ends.</summary>
    /// <remarks>Does not wait for a thread that resizes, but asks that thread to close (<see cref="Exclusion"/>). Never throws.</remarks>
    /// <returns>False when that generation was not open any more.</returns>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    public static unsafe bool Close(Slot* slot, Generation opened) => Close(slot, opened, out _);

    /// <inheritdoc cref="Close(Slot*, Generation)" path="/summary|/remarks|/returns"/>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state <see cref="SlotState.Open"/>.</param>
    /// <param name="isLeft">True when the thread that resizes was asked to close.</param>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    public static unsafe bool Close(Slot* slot, Generation opened, out bool isLeft)
    {
        isLeft = false;
        Backoff backoff = default;
        SlotState before;
        Bin* home;
        while (!TryLeaveOpen(slot, opened, SlotState.Closing, out before, out home))
        {
            if (slot->ReadGeneration().IsOverFor(opened))
            {
                return false;
            }

            isLeft = Exclusion.TryAskToClose(slot, opened);
            if (isLeft)
            {
                return true;
            }

            // The resizing thread is just beginning or ending.
            backoff.Pause();
        }

        bool isHere = ThreadCache.IsHere(home, out BorrowRecords* records);
        if (!isHere)
        {
            LeftHome(slot);
        }

        if (!IsUsed(slot, home, before, isHere ? records : null))
        {
            FreePath.ReturnClosed(slot, opened.With(SlotState.Closing), home, isHere);
        }
        else if (slot->TryMove(opened, SlotState.Closing, SlotState.ClosePending))
        {
            // Its last user may have ended just before, and have seen that the closing was still going on.
            TryFinish(slot);
        }

        return true;
    }

    /// <summary>Keeps everybody else out for a while; ends with <see cref="EndExclusive"/>, or by moving the generation on.</summary>
    /// <returns>False when the generation was not open any more.</returns>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state <see cref="SlotState.Open"/>.</param>
    /// <param name="isUsed">True when somebody is borrowing or pinning the block, and the state is open as before.</param>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    public static unsafe bool TryEnterExclusive(Slot* slot, Generation opened, out bool isUsed)
    {
        isUsed = false;
        Backoff backoff = default;
        SlotState before;
        Bin* home;
        while (!TryLeaveOpen(slot, opened, SlotState.Exclusive, out before, out home))
        {
            if (slot->ReadGeneration().IsOverFor(opened))
            {
                return false;
            }

            Wait(slot, ref backoff);
        }

        bool isHere = ThreadCache.IsHere(home, out BorrowRecords* records);
        isUsed = IsUsed(slot, home, before, isHere ? records : null);
        backoff = default;
        for (int look = 1; isUsed && look < LooksAtUsers; look++)
        {
            backoff.Pause();
            isUsed = IsUsed(slot, home, before, isHere ? records : null);
        }

        if (isUsed)
        {
            EndExclusive(slot, opened);
        }

        // Not so if its own thread was giving it back: see TryCloseHere.
        return isUsed || slot->ReadGeneration() == opened.With(SlotState.Exclusive);
    }

    /// <summary>Lets everybody in again, as users of any thread.</summary>
    /// <safety>The caller has entered, and not moved the generation on.</safety>
    public static unsafe void EndExclusive(Slot* slot, Generation opened) =>
        _ = slot->TryMove(opened, SlotState.Exclusive, SlotState.Shared);

    /// <summary>
    /// As <see cref="Close(Slot*, Generation)"/>, for a slot whose home is this thread's, has no hot slot, and has been borrowed by this thread
    /// only: without an atomic operation. False when it is not so, and then nothing has changed.
    /// </summary>
    /// <remarks>
    /// Others who want to use such a slot move its state on, and then, after a barrier in every core, wait until this thread
    /// is not inside (<see cref="TryShare"/>). So either this thread sees that, or they see that the generation is over.
    /// Others who close it go on by compare-and-swap, which fails once the store here has won.
    /// </remarks>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryCloseHere(Slot* slot, Generation opened)
    {
        Bin* home = slot->Home;
        if (!ThreadCache.IsMineForSize(home))
        {
            return false;
        }

        Volatile.Write(ref home->Inside, 1);
        bool closes = slot->ReadGeneration().Is(SlotState.Biased, opened)
            && home->Hot == null
            && Volatile.Read(ref slot->Pins) == 0
            && !BorrowRecords.NameHere(ThreadCache.Records(out _), slot);
        if (closes)
        {
            slot->CountLoanAtHome();
            slot->Generation = opened.Next;
            home->Hot = slot;
        }

        Volatile.Write(ref home->Inside, 0);
        return closes;
    }

    /// <summary>Sees to it that the slot's own thread does not give it back without an atomic operation. False when the generation is over.</summary>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    /// <exception cref="InvalidOperationException">This thread is resizing the block.</exception>
    public static unsafe bool TryLeaveHeld(Slot* slot, Generation opened)
    {
        Backoff backoff = default;
        while (true)
        {
            Generation now = slot->ReadGeneration();
            if (now.Is(SlotState.Biased, opened) || now.Is(SlotState.Shared, opened))
            {
                return true;
            }

            if (now.Is(SlotState.Open, opened) && ThreadCache.IsHere(slot->Home, out _))
            {
                if (slot->TryMove(opened, SlotState.Open, SlotState.Biased))
                {
                    return true;
                }
            }
            else if (now.Is(SlotState.Open, opened))
            {
                if (TryShare(slot, opened, SlotState.Open))
                {
                    return true;
                }
            }
            else if (now.IsExclusiveFor(opened))
            {
                Wait(slot, ref backoff);
            }
            else
            {
                return false;
            }
        }
    }

    /// <summary>
    /// Lets a new loan begin as one that its own thread has borrowed already, if the last 255 have stayed at home. That
    /// saves an atomic operation at its first borrow and one at its end; if it leaves home, who takes it pays a barrier.
    /// </summary>
    /// <remarks>At most one such barrier for 255 loans: 4 ns for each, where the atomic operation takes 5.</remarks>
    /// <safety>The slot is held by the caller, and nobody else knows that yet.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void BeginAtHome(Slot* slot, Generation opened)
    {
        if (slot->LoansAtHome == byte.MaxValue)
        {
            slot->Generation = opened.Moved(SlotState.Open, SlotState.Biased);
        }
    }

    /// <summary>The loan is used, or ended, by another thread than the home's.</summary>
    /// <safety>Slots are never unmapped.</safety>
    public static unsafe void LeftHome(Slot* slot) => slot->LoansAtHome = 0;

    /// <summary>Lets every thread in on a slot that so far only its own uses, and may give back without an atomic operation.</summary>
    /// <returns>False when the state is no longer <paramref name="from"/>, or was over before it could be changed.</returns>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe bool TryShare(Slot* slot, Generation opened, SlotState from)
    {
        // Before the state changes: afterwards the slot's own thread may be giving it back.
        Bin* home = slot->Home;
        if (!slot->TryMove(opened, from, SlotState.Exclusive))
        {
            return false;
        }

        LeftHome(slot);
        Interlocked.MemoryBarrierProcessWide();
        if (home != null)
        {
            home->WaitForOwner();
        }

        return slot->TryMove(opened, SlotState.Exclusive, SlotState.Shared);
    }

    /// <summary>Gives the block back if it is closed and nobody uses it any more: for whoever just ended a use.</summary>
    /// <safety>Slots are never unmapped. The end of the caller's use is visible to all: a full barrier came after it.</safety>
    public static unsafe void TryFinish(Slot* slot)
    {
        Generation generation = slot->ReadGeneration();
        Bin* home = slot->Home;
        if (generation.State == SlotState.ClosePending
            && Volatile.Read(ref slot->Pins) == 0
            && !Borrowers.Use(slot)
            && slot->TryMove(generation.With(SlotState.Open), SlotState.ClosePending, SlotState.Closing))
        {
            FreePath.ReturnClosed(slot, generation.With(SlotState.Closing), home);
        }
    }

    /// <summary>Whether a generation counts as open while one thread excludes the others. It does not once that thread is asked to close.</summary>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe bool IsOpenMeanwhile(Slot* slot, Generation opened)
    {
        Generation exclusive = opened.With(SlotState.Exclusive);
        while (true)
        {
            Generation generation = slot->ReadGeneration();
            if (generation != exclusive)
            {
                return generation.IsOpenFor(opened);
            }

            // The next user of the slot writes something else to the request's place, so the generation is compared once more.
            bool isAskedToClose = Exclusion.IsAskedToClose(slot, opened);
            if (isAskedToClose || slot->ReadGeneration() == exclusive)
            {
                return !isAskedToClose;
            }
        }
    }

    /// <summary>Waits a moment for the thread that excludes the others.</summary>
    /// <exception cref="InvalidOperationException">This thread itself excludes the others.</exception>
    /// <safety>The slot is never unmapped. It is <see cref="SlotState.Exclusive"/>, or was just before.</safety>
    public static unsafe void Wait(Slot* slot, ref Backoff backoff)
    {
        if (Exclusion.IsMine(slot))
        {
            throw ThrowHelper.BeingResizedHere();
        }

        backoff.Pause();
    }

    /// <summary>Moves an open generation to another state; false when it is over, and while a thread excludes the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool TryLeaveOpen(Slot* slot, Generation opened, SlotState next, out SlotState before, out Bin* home)
    {
        while (true)
        {
            Generation generation = slot->ReadGeneration();
            before = generation.State;
            home = slot->Home;
            if (!generation.IsOpenFor(opened))
            {
                return false;
            }

            if (slot->TryMove(opened, before, next))
            {
                return true;
            }
        }
    }

    /// <safety>
    /// The caller has just moved the state on from <paramref name="before"/>, with an atomic operation. The records are those
    /// of this thread if the slot's home is, or else null.
    /// </safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool IsUsed(Slot* slot, Bin* home, SlotState before, BorrowRecords* records)
    {
        if (before == SlotState.Open || (before == SlotState.Biased && records != null))
        {
            return Volatile.Read(ref slot->Pins) != 0 || (before == SlotState.Biased && BorrowRecords.NameHere(records, slot));
        }

        return IsUsedAnywhere(slot, home);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool IsUsedAnywhere(Slot* slot, Bin* home)
    {
        // Also when it is pinned: who ends the pin looks for borrows too, and without a barrier of its own; and if the state
        // is shared again because of a pin, the slot's own thread must have seen that it is no longer its alone.
        Interlocked.MemoryBarrierProcessWide();
        if (home != null)
        {
            // Its own thread may be just giving it back: let it finish.
            home->WaitForOwner();
        }

        return Volatile.Read(ref slot->Pins) != 0 || Borrowers.Use(slot);
    }
}
