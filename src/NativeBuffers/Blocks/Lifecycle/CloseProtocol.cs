using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>The protocol by which an open slot comes to its end: closed by one thread, perhaps used by more, given back exactly once.</summary>
/// <remarks>
/// <para>All moves of an open slot. <i>Home</i> is the thread that the slot's home belongs to; CAS is a compare-and-swap of the whole
/// generation; a barrier runs in every core (<see cref="Interlocked.MemoryBarrierProcessWide"/>).
/// <code>
/// from                   to             thread         by
/// Scoped                 next Scoped    home           plain store: a scoped buffer ends, or its copies become stale
/// Scoped                 Open           home           plain store: no other thread knows the new owner
/// Scoped                 Closing        home           plain store: chunks of an arena, and the second slot of a resize
/// Scoped                 Exclusive      home           plain store: an adopted block goes back, because there is no memory for a cleaner
/// Open                   Biased         home           plain store for a new owner: <see cref="BeginAtHome"/>
/// Open                   Biased         home           CAS, at the first borrow
/// Open                   Shared         any other      CAS, at the first borrow
/// Open, Biased           Exclusive      any other      CAS; then a barrier, and a wait for home; then Shared: <see cref="TryShare"/>
/// Open, Biased, Shared   Exclusive      any            CAS: <see cref="TryEnterExclusive"/>
/// Exclusive              Shared         the excluding  CAS: <see cref="EndExclusive"/>
/// Exclusive              next Open,     the excluding  release store: the block or its owner has changed
///                        Biased, Scoped
/// Exclusive              Closing        the excluding  release store: the owner was disposed during the exclusion
/// Exclusive              ClosePending   the excluding  release store, with a pin: the home of a list may still use the block
/// Open, Biased, Shared   Closing        any            CAS: <see cref="Close(Slot*, Generation)"/>
/// Open, Biased           next Scoped    home           plain store, while inside: <see cref="TryCloseHere"/>, <see cref="FreePath.TryReturnHere"/>
/// Closing                ClosePending   the closing    CAS, if the block is in use
/// ClosePending           Closing        any            CAS, after the last use: <see cref="FreePath.TryFinish"/>
/// Closing                next Scoped    home           plain store: <see cref="FreePath.ReturnClosed(Slot*, Generation, Bin*, bool)"/>
/// Closing                next Scoped    any other      release store, after the slot has lost its home
/// Open                   RemotelyFreed  any other      CAS, for a rented buffer, which has no use: <see cref="FreePath.TryReturnElsewhere"/>
/// Closing                RemotelyFreed  any other      CAS: on the way to the home through its remote frees
/// Closing                RemotelyFreed  the closing    release store, if home stores nothing: <see cref="FreePath.FreeElsewhere"/>
/// RemotelyFreed          next Scoped    home           plain store, while inside: <see cref="RemotePath.TakeBack"/>
/// RemotelyFreed          Closing        home, visitor  CAS: taken from there
/// </code></para>
/// <para><b>Uses.</b> A borrow writes a record, then reads the generation; at its end it clears the record, then reads the generation. A
/// closing thread moves the state, passes the barrier, then reads all records. The barrier falls at one point of the borrower's
/// sequence. If the record was written before it, the closing thread sees the record. If not, the borrower reads the generation later, and sees
/// that it is closing. The end of a borrow works alike: either the closing thread sees the record clear, or the borrower sees Closing or
/// ClosePending, and looks itself (<see cref="FreePath.TryFinish"/>). The barrier may come long after the move, and then serves many
/// closes (<see cref="Outbox"/>): until then, a thread that ends a borrow sees Closing, and leaves the slot to the closing thread.
/// Pins are counted with atomic operations, which need no barrier. While the state is Open, no thread has a record; while it is
/// Biased, only home may have one. So home needs no barrier then.</para>
/// <para><b>Plain stores at home.</b> Home stores <see cref="VisitGate.Inside"/>, then reads the generation, then stores the next one. Another
/// thread moves the generation by CAS, passes a barrier, then waits until home is not inside. So home sees the move, or its
/// store wins; then the next CAS of the other thread fails. docs/decisions/0007 and 0008 have the whole proof, and the measurements.</para>
/// <para><b>Owners and rented buffers.</b> Home gives an Open slot back by a plain store only for a rented buffer, never for an owner. So the thread that
/// closes an owner's Open slot is the only one to move it on. An owner over a rented buffer has the same generation, and begins after
/// <see cref="TryAllowUses"/>: no move leads back to Open.</para>
/// </remarks>
internal static class CloseProtocol
{
    /// <summary>
    /// The number of looks before a slot counts as used. A thread that tries to use a disposed owner, whose slot has a new owner, leaves
    /// a record for a moment.
    /// </summary>
    private const int LooksAtUsers = 5;

    /// <summary>Ends the generation. The block is given back now, or when the last borrow or pin of it ends.</summary>
    /// <remarks>Does not wait for a thread that resizes, but asks that thread to close (<see cref="Exclusion"/>). Never throws.</remarks>
    /// <returns>False when that generation was not open any more.</returns>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state <see cref="SlotState.Open"/>.</param>
    /// <safety>Slots are never unmapped; the generation was the caller's, perhaps long ago.</safety>
    public static unsafe bool Close(Slot* slot, Generation opened) => Close(slot, opened, out _);

    /// <inheritdoc cref="Close(Slot*, Generation)"/>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state open.</param>
    /// <param name="isLeftToResizer">True when the thread that resizes was asked to close.</param>
    public static unsafe bool Close(Slot* slot, Generation opened, out bool isLeftToResizer)
    {
        isLeftToResizer = false;
        Bin* home = slot->Home;
        if (slot->ReadGeneration().Is(SlotState.Biased, opened)
            && ThreadCache.IsMineForSize(home)
            && FreePath.TryReturnHere(slot, opened, home, SlotState.Biased))
        {
            return true;
        }

        Backoff backoff = default;
        SlotState before;
        while (!TryLeaveOpen(slot, opened, SlotState.Closing, out before, out home))
        {
            if (slot->ReadGeneration().IsOverFor(opened))
            {
                return false;
            }

            isLeftToResizer = Exclusion.TryAskToClose(slot, opened);
            if (isLeftToResizer)
            {
                return true;
            }

            // The resizing thread is just beginning or ending.
            backoff.Pause();
        }

        BorrowRecords* records = null;
        bool isHere = !RemotePath.IsKnownElsewhere(home) && ThreadCache.IsHere(home, out records);
        if (!isHere)
        {
            slot->LeftHome();
        }

        if (NeedsBarrier(before, isHere) && TryPutAside(slot, opened.With(SlotState.Closing), home))
        {
            return true;
        }

        if (!IsUsed(slot, home, before, isHere ? records : null))
        {
            FreePath.ReturnClosed(slot, opened.With(SlotState.Closing), home, isHere);
        }
        else
        {
            FreePath.LeaveToLastUse(slot, opened.With(SlotState.Closing));
        }

        return true;
    }

    /// <summary>Excludes all other threads for a while; ends with <see cref="EndExclusive"/>, or by moving the generation on.</summary>
    /// <returns>False when the generation was not open any more.</returns>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state <see cref="SlotState.Open"/>.</param>
    /// <param name="isUsed">True when the block is borrowed or pinned, and the state is open as before.</param>
    /// <inheritdoc cref="Close(Slot*, Generation)" path="/safety"/>
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

        // False if its own thread was giving it back: see TryCloseHere.
        return isUsed || slot->ReadGeneration() == opened.With(SlotState.Exclusive);
    }

    /// <summary>Lets all threads use the block again.</summary>
    /// <safety>The caller excludes the other threads, and has not moved the generation on.</safety>
    public static unsafe void EndExclusive(Slot* slot, Generation opened) =>
        _ = slot->TryMove(opened, SlotState.Exclusive, SlotState.Shared);

    /// <summary>
    /// The same as <see cref="Close(Slot*, Generation)"/> for a slot whose home is this thread's, has no hot slot, and was borrowed by this
    /// thread only: without an atomic operation. False in all other cases, and then nothing has changed.
    /// </summary>
    /// <inheritdoc cref="Close(Slot*, Generation)" path="/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryCloseHere(Slot* slot, Generation opened)
    {
        Bin* home = slot->Home;
        if (!ThreadCache.IsMineForSize(home))
        {
            return false;
        }

        Volatile.Write(ref home->Gate.Inside, 1);
        bool closes = slot->ReadGeneration().Is(SlotState.Biased, opened)
            && home->Hot == null
            && Volatile.Read(ref SlotTable.PinsOf(slot)) == 0
            && !BorrowRecords.NameHere(ThreadCache.Records(out _), slot);
        if (closes)
        {
            slot->StayedAtHome();
            slot->Generation = opened.Next;
            home->Hot = slot;
        }

        Volatile.Write(ref home->Gate.Inside, 0);
        return closes;
    }

    /// <summary>Lets uses begin: moves an open slot to biased (on its home's thread) or shared. False when the generation is over.</summary>
    /// <remarks>While the state is open, the home's thread gives a rented block back without a look at its uses.</remarks>
    /// <inheritdoc cref="Close(Slot*, Generation)" path="/safety"/>
    /// <exception cref="InvalidOperationException">This thread is resizing the block.</exception>
    public static unsafe bool TryAllowUses(Slot* slot, Generation opened)
    {
        Backoff backoff = default;
        while (true)
        {
            Generation now = slot->ReadGeneration();
            if (now.Is(SlotState.Open, opened))
            {
                if (ThreadCache.IsHere(slot->Home, out _)
                    ? slot->TryMove(opened, SlotState.Open, SlotState.Biased)
                    : TryShare(slot, opened, SlotState.Open))
                {
                    return true;
                }
            }
            else if (now.IsOpenFor(opened))
            {
                return true;
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
    /// Lets a new use begin as <see cref="SlotState.Biased"/> if the last 255 have stayed at home. That saves an atomic operation at the
    /// first borrow and one at the end. If the use leaves home, the thread that takes it pays a barrier.
    /// </summary>
    /// <remarks>At most one such barrier for 255 uses: 4 ns for each, where the atomic operation takes 5.</remarks>
    /// <safety>The slot is the caller's, and no other thread knows that yet.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void BeginAtHome(Slot* slot, Generation opened)
    {
        if (slot->UsesAtHome == byte.MaxValue)
        {
            slot->Generation = opened.Moved(SlotState.Open, SlotState.Biased);
        }
    }

    /// <summary>Lets every thread use a slot that until now only its own thread uses, and may give back without an atomic operation.</summary>
    /// <returns>False when the state is no longer <paramref name="from"/>, or was over before it could be changed.</returns>
    /// <inheritdoc cref="Close(Slot*, Generation)" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe bool TryShare(Slot* slot, Generation opened, SlotState from)
    {
        // Before the state changes: afterwards the slot's own thread may be giving it back.
        Bin* home = slot->Home;
        if (!slot->TryMove(opened, from, SlotState.Exclusive))
        {
            return false;
        }

        slot->LeftHome();
        Interlocked.MemoryBarrierProcessWide();
        if (home != null)
        {
            home->Gate.WaitForOwner();
        }

        return slot->TryMove(opened, SlotState.Exclusive, SlotState.Shared);
    }

    /// <summary>
    /// Whether a generation counts as open while one thread excludes all other threads. It does not once that thread is asked to close.
    /// </summary>
    /// <inheritdoc cref="Close(Slot*, Generation)" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe bool IsOpenWhileExclusive(Slot* slot, Generation opened)
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

    /// <summary>Waits a moment for the thread that excludes all other threads.</summary>
    /// <exception cref="InvalidOperationException">This thread itself excludes all other threads.</exception>
    /// <safety>The slot is never unmapped. It is <see cref="SlotState.Exclusive"/>, or was just before.</safety>
    public static unsafe void Wait(Slot* slot, ref Backoff backoff)
    {
        if (Exclusion.IsMine(slot))
        {
            throw ThrowHelper.BeingResizedHere();
        }

        backoff.Pause();
    }

    /// <summary>Moves an open generation to another state; false when it is over, and while one thread excludes all other threads.</summary>
    /// <inheritdoc cref="Close(Slot*, Generation)" path="/safety"/>
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

    /// <summary>Whether other threads may have records of a slot that was in this state.</summary>
    private static bool NeedsBarrier(SlotState before, bool isHere) => before != SlotState.Open && (before != SlotState.Biased || !isHere);

    /// <summary>Puts a close aside that needs a barrier, so that one barrier serves many; false if the close must be settled now.</summary>
    /// <remarks>
    /// Only for cached blocks: their end calls no code outside the library, and no allocator of the program counts them. And only without
    /// pins: a pin that this thread does not see after its atomic operation sees the close. So the owner needs its cleaner no longer.
    /// </remarks>
    /// <safety>The caller has just moved the state on, with an atomic operation. The slot had this home before.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool TryPutAside(Slot* slot, Generation closing, Bin* home)
    {
        if (slot->Kind != SlotKind.Cached || Volatile.Read(ref SlotTable.PinsOf(slot)) != 0)
        {
            return false;
        }

        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return false;
        }

        RemotePath.Close(&cache->Outbox, slot, closing, home, slot->ByteCount);
        return true;
    }

    /// <safety>
    /// The caller has just moved the state on from <paramref name="before"/>, with an atomic operation. The records are those
    /// of this thread if the slot's home is, or else null.
    /// </safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool IsUsed(Slot* slot, Bin* home, SlotState before, BorrowRecords* records)
    {
        if (!NeedsBarrier(before, records != null))
        {
            return Volatile.Read(ref SlotTable.PinsOf(slot)) != 0 || (before == SlotState.Biased && BorrowRecords.NameHere(records, slot));
        }

        return IsUsedAnywhere(slot, home);
    }

    /// <safety>The caller has just moved the state on, with an atomic operation.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool IsUsedAnywhere(Slot* slot, Bin* home)
    {
        // Also when the block is pinned: the thread that ends the pin looks for borrows too, without a barrier. And if the state
        // is shared again because of a pin, the slot's own thread must have seen that other threads may use the slot.
        Interlocked.MemoryBarrierProcessWide();
        if (home != null)
        {
            // Its own thread may be just giving it back: let it finish.
            home->Gate.WaitForOwner();
        }

        return Volatile.Read(ref SlotTable.PinsOf(slot)) != 0 || BorrowRecords.NameAnywhere(slot);
    }
}
