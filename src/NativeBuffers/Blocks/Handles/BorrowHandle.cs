using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The handle of one borrow: this thread's record of it, published like a hazard pointer, and a count of the record.</summary>
/// <remarks>
/// <para>A borrow costs plain stores into a record of the thread's own: no atomic operation, and no memory that two borrowing threads
/// write. The thread that closes the slot pays instead (<see cref="CloseProtocol"/>, and docs/decisions/0007).</para>
/// <para>The begin writes the record, and then reads the slot's generation. The end clears the record, and then reads the
/// generation. So this thread sees that the slot is being closed, or the closing thread sees the record after its barrier.</para>
/// </remarks>
internal readonly struct BorrowHandle
{
    // The record has all else that the end needs: a handle of two words leaves registers to the borrower's loops.
    private readonly unsafe BorrowRecords.Record* _record;
    private readonly ulong _recordGeneration;

    /// <safety>The record is this thread's, and names the slot, which is open in this generation.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe BorrowHandle(BorrowRecords.Record* record)
    {
        _record = record;
        _recordGeneration = record->Ended;
    }

    /// <summary>Whether this is the handle of no borrow, and never was of one.</summary>
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

    /// <summary>The record of a borrow that is ended by <see cref="EndUncopied"/>.</summary>
    /// <safety>Records are never unmapped. It is this thread's.</safety>
    public unsafe BorrowRecords.Record* Record => _record;

    /// <summary>Whether the borrow goes on.</summary>
    public bool IsActive
    {
        get
        {
            unsafe
            {
                // SAFETY: the record is one of a thread's, or null. Records are never unmapped, and the generation tells a later use of the record.
                return _record != null && _record->Ended == _recordGeneration;
            }
        }
    }

    /// <summary>Begins a borrow; false if the slot's generation is over.</summary>
    /// <safety>Slots are never unmapped. The generation is or was the caller's.</safety>
    /// <exception cref="InvalidOperationException">This thread is resizing the block.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryBegin(Slot* slot, Generation opened, out BorrowHandle handle)
    {
        BorrowRecords.Record* record = BorrowRecords.Hot(ThreadCache.Records(out Bin* bins));
        return TryBegin(bins, record, slot, opened, out handle);
    }

    /// <summary>Begins a borrow in a record; false if the slot's generation is over.</summary>
    /// <inheritdoc cref="TryBegin(Slot*, Generation, out BorrowHandle)" path="/exception"/>
    /// <safety>Record and bins are this thread's, or null. Slots are never unmapped. The generation is or was the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryBegin(Bin* bins, BorrowRecords.Record* record, Slot* slot, Generation opened, out BorrowHandle handle)
    {
        if (bins == null || record->Slot != null)
        {
            // Values only: the JIT keeps a variable in memory if any call takes it by reference, also on the shortest path.
            record = BeginSlow(slot, opened);
            handle = record == null ? default : new BorrowHandle(record);
            return record != null;
        }

        if (TryBegin(bins, record, slot, opened))
        {
            handle = new BorrowHandle(record);
            return true;
        }

        handle = default;
        return false;
    }

    /// <summary>Ends the borrow. A second call, through any copy, does nothing. Gives the block back if it was closed during its last use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void End()
    {
        unsafe
        {
            // SAFETY: records and slots are never unmapped. The record is this thread's, because a handle lives on its thread's stack.
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

    /// <summary>Begins a borrow of which only the record is kept, by code that makes no copy; null if the slot's generation is over.</summary>
    /// <inheritdoc cref="TryBegin(Bin*, BorrowRecords.Record*, Slot*, Generation, out BorrowHandle)" path="/safety|/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe BorrowRecords.Record* BeginUncopied(Bin* bins, BorrowRecords.Record* record, Slot* slot, Generation opened)
    {
        if (bins == null || record->Slot != null)
        {
            return BeginSlow(slot, opened);
        }

        return TryBegin(bins, record, slot, opened) ? record : null;
    }

    /// <summary>Ends a borrow of which only the record was kept, once. Costs half of <see cref="End"/>, whose check is for copies.</summary>
    /// <safety>The record is this thread's, and no code has ended the borrow, so the record still names its slot. Slots are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void EndUncopied(BorrowRecords.Record* record)
    {
        Slot* slot = record->Slot;
        Volatile.Write(ref *(nint*)&record->Slot, 0);
        if (Volatile.Read(ref slot->Generation.Value) - record->Opened.Value > Generation.OpenSpan)
        {
            Finish(slot);
        }
    }

    /// <summary>Whether this thread may borrow without an atomic operation: if shared, any thread; if biased, the home's.</summary>
    /// <safety>The pointers are compared, not followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool IsOpenTo(Bin* bins, Bin* home, Generation now, Generation opened) =>
        now.Is(SlotState.Shared, opened) || (now.Is(SlotState.Biased, opened) && ThreadCache.IsAmong(bins, home));

    /// <remarks>
    /// Read the home before the generation: if the generation is the caller's, so was the home. Otherwise the slot may have been closed
    /// in between, and a resize of another thread may have given it a home of this thread.
    /// </remarks>
    /// <safety>Slots are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Bin* HomeOf(Slot* slot) => (Bin*)Volatile.Read(ref *(nint*)&slot->Home);

    /// <summary>Notes the borrow in a free record; false if the generation is over, and then nothing is noted.</summary>
    /// <safety>The record is free. Record and bins are this thread's, and live as long as this thread. The slot is never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool TryBegin(Bin* bins, BorrowRecords.Record* record, Slot* slot, Generation opened)
    {
        record->Opened = opened;
        Volatile.Write(ref *(nint*)&record->Slot, (nint)slot);
        Bin* home = HomeOf(slot);
        return IsOpenTo(bins, home, slot->ReadGeneration(), opened) || TryEnter(bins, record, slot, opened);
    }

    /// <summary>Begins in another record than the hot one, which is in use or does not exist yet; null if the generation is over.</summary>
    /// <inheritdoc cref="TryBegin(Slot*, Generation, out BorrowHandle)" path="/safety|/exception"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe BorrowRecords.Record* BeginSlow(Slot* slot, Generation opened)
    {
        BorrowRecords.Record* record = BorrowRecords.TakeFree(ThreadCache.MakeRecords());
        _ = ThreadCache.Records(out Bin* bins);
        return TryBegin(bins, record, slot, opened) ? record : null;
    }

    /// <summary>Moves the slot to a state in which this thread may borrow; false if the generation is over, and then nothing is noted.</summary>
    /// <safety>The record names the slot. Record and bins are this thread's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool TryEnter(Bin* bins, BorrowRecords.Record* record, Slot* slot, Generation opened)
    {
        Backoff backoff = default;
        while (true)
        {
            // For most slots this is the first borrow. The move is atomic, so that a closing thread comes before it or after it.
            Bin* home = HomeOf(slot);
            bool isHere = ThreadCache.IsOf(bins, home);
            if (isHere && slot->ReadGeneration().Is(SlotState.Biased, opened))
            {
                // The home is a bin of a pool, which the shortest path does not know.
                return true;
            }

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

            // This thread never used the block; but a closing thread may have seen the record, and left the close to this thread.
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

    /// <safety>Slots are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Finish(Slot* slot)
    {
        Interlocked.MemoryBarrier();
        FreePath.TryFinish(slot);
    }
}
