using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The published fact that this thread uses a block: what a borrow begins and ends with.</summary>
/// <remarks>
/// <para>Plain stores into a record of the thread's own; no atomic operation, and nothing that two borrowing threads
/// both write to. Who closes the slot pays instead (<see cref="CloseProtocol"/>, and docs/decisions/0007).</para>
/// <para>Begin: the record is written, then the generation is read. End: the record is cleared, then the generation is
/// read. Either this thread sees that the slot is being closed, or the closer, behind its barrier, sees the record as it
/// was left here.</para>
/// </remarks>
internal readonly struct BorrowMark
{
    // What else an end needs to know stands in the record: a mark of two words leaves registers to the borrower's loops.
    private readonly unsafe BorrowRecords.Record* _record;
    private readonly ulong _recordGeneration;

    /// <safety>The record is this thread's, and names the slot, which is open in this generation.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe BorrowMark(BorrowRecords.Record* record)
    {
        _record = record;
        _recordGeneration = record->Ended;
    }

    /// <summary>Whether nothing was ever borrowed.</summary>
    public bool IsNone
    {
        get
        {
            unsafe
            {
                // SAFETY: the pointer is compared, not followed.
                return _record == null;
            }
        }
    }

    /// <summary>Whether the borrow goes on.</summary>
    public bool IsActive
    {
        get
        {
            unsafe
            {
                // SAFETY: records are never unmapped.
                return _record != null && _record->Ended == _recordGeneration;
            }
        }
    }

    /// <summary>Begins to use a block; false when its generation is over, and then the mark means nothing.</summary>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    /// <exception cref="InvalidOperationException">This thread is resizing the block.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryBegin(Slot* slot, Generation opened, out BorrowMark mark)
    {
        BorrowRecords.Record* record = BorrowRecords.Hot(ThreadCache.Records(out Bin* bins));
        if (bins == null || record->Slot != null)
        {
            // Values only: the JIT keeps a variable in memory if any call takes it by reference, also on the shortest path.
            record = BeginOnAnother(slot, opened);
            mark = record == null ? default : new BorrowMark(record);
            return record != null;
        }

        if (TryBegin(bins, record, slot, opened))
        {
            mark = new BorrowMark(record);
            return true;
        }

        mark = default;
        return false;
    }

    /// <summary>Ends the use, once; copies of this mark end nothing more. Gives the block back if it was closed meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void End()
    {
        unsafe
        {
            // SAFETY: records are never unmapped, and this thread's alone: a mark lives on the stack of its thread.
            if (_record != null && _record->Ended == _recordGeneration)
            {
                Slot* slot = _record->Slot;
                _record->Ended = _recordGeneration + 1;
                Volatile.Write(ref *(nint*)&_record->Slot, 0);
                if (Volatile.Read(ref slot->Generation.Value) - _record->Opened.Value > Generation.OpenSpan)
                {
                    Finish(slot);
                }
            }
        }
    }

    /// <remarks>Whoever may borrow without an atomic operation: all when shared; when biased, the thread of the slot's home.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool IsOpenTo(Bin* bins, Bin* home, Generation now, Generation opened) =>
        now.Is(SlotState.Shared, opened) || (now.Is(SlotState.Biased, opened) && ThreadCache.IsAmong(bins, home));

    /// <remarks>
    /// Read it before the generation: if that is the caller's, so was the home. Afterwards the slot may have been closed, and
    /// another thread's resize may have made it one of this thread's.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Bin* HomeOf(Slot* slot) => (Bin*)Volatile.Read(ref *(nint*)&slot->Home);

    /// <summary>Notes the use in a free record of this thread. False when the generation is over; then nothing is noted.</summary>
    /// <safety>The record is free. Record and bins are this thread's, and live as long as this thread. The slot is never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool TryBegin(Bin* bins, BorrowRecords.Record* record, Slot* slot, Generation opened)
    {
        record->Opened = opened;
        Volatile.Write(ref *(nint*)&record->Slot, (nint)slot);
        Bin* home = HomeOf(slot);
        return IsOpenTo(bins, home, slot->ReadGeneration(), opened) || TryEnter(bins, record, slot, opened);
    }

    /// <summary>Begins in a record other than the hot one, which is in use or does not exist yet; null when the generation is over.</summary>
    /// <safety>As for <see cref="TryBegin(Slot*, Generation, out BorrowMark)"/>. The record is this thread's, and names the slot.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe BorrowRecords.Record* BeginOnAnother(Slot* slot, Generation opened)
    {
        BorrowRecords.Record* record = BorrowRecords.TakeFree(ThreadCache.MakeRecords());
        _ = ThreadCache.Records(out Bin* bins);
        return TryBegin(bins, record, slot, opened) ? record : null;
    }

    /// <summary>Moves the slot to a state in which this thread may borrow; false, and no note of it, when its generation is over.</summary>
    /// <safety>The record names the slot.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool TryEnter(Bin* bins, BorrowRecords.Record* record, Slot* slot, Generation opened)
    {
        Backoff backoff = default;
        while (true)
        {
            // Most come here because theirs is the first borrow. Atomically, so that a closer comes before or after.
            Bin* home = HomeOf(slot);
            bool isHere = ThreadCache.IsAmong(bins, home);
            if (slot->TryMove(opened, SlotState.Open, isHere ? SlotState.Biased : SlotState.Shared))
            {
                if (!isHere)
                {
                    slot->LeftHome();
                }

                return true;
            }

            Generation now = slot->ReadGeneration();
            if (IsOpenTo(bins, home, now, opened) || (now.Is(SlotState.Biased, opened) && CloseProtocol.TryShare(slot, opened, SlotState.Biased)))
            {
                return true;
            }

            if (now.IsOpenFor(opened))
            {
                continue;
            }

            // A note that was never acted upon; but a closer may have seen it, and deferred to it.
            Volatile.Write(ref *(nint*)&record->Slot, 0);
            Finish(slot);
            if (!now.IsExclusiveFor(opened))
            {
                return false;
            }

            CloseProtocol.Wait(slot, ref backoff);
            Volatile.Write(ref *(nint*)&record->Slot, (nint)slot);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Finish(Slot* slot)
    {
        Interlocked.MemoryBarrier();
        FreePath.TryFinish(slot);
    }
}
