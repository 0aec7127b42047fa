using System.Runtime.CompilerServices;
using NativeBuffers.Caches;

namespace NativeBuffers.Lifetimes;

/// <summary>The published fact that this thread uses a block: what a borrow begins and ends with.</summary>
/// <remarks>
/// <para>Plain stores into a record of the thread's own; no atomic operation, and nothing that two borrowing threads
/// both write to. Who closes the slot pays instead (<see cref="Closing"/>, and docs/decisions/0007).</para>
/// <para>Begin: the record is written, then the generation is read. End: the record is cleared, then the generation is
/// read. Either this thread sees that the slot is being closed, or the closer, behind its barrier, sees the record as it
/// was left here.</para>
/// </remarks>
internal readonly struct BorrowMark
{
    private readonly unsafe Slot* _slot;
    private readonly ulong _held;
    private readonly unsafe BorrowRecord* _record;
    private readonly ulong _recordGeneration;

    /// <safety>The record is this thread's, and names the slot, which is open in this generation.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe BorrowMark(Slot* slot, ulong held, BorrowRecord* record)
    {
        _slot = slot;
        _held = held;
        _record = record;
        _recordGeneration = record->Generation;
    }

    /// <summary>Whether the borrow goes on.</summary>
    public bool IsActive
    {
        get
        {
            unsafe
            {
                // SAFETY: records are never unmapped.
                return _record != null && _record->Generation == _recordGeneration;
            }
        }
    }

    /// <summary>Begins to use a block; false when its generation is over.</summary>
    /// <safety>Slots are never unmapped; the generation was held by the caller, perhaps long ago.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryBegin(Slot* slot, ulong held, out BorrowMark mark)
    {
        BorrowRecord* record = BorrowRecords.Hot(ThreadCache.Records(out Magazine* magazines));
        if (magazines != null && record->Slot == null)
        {
            record->Slot = slot;
            if (IsOpenTo(magazines, slot, Volatile.Read(ref slot->Generation) - held))
            {
                mark = new BorrowMark(slot, held, record);
                return true;
            }

            // Only a note that was never acted upon: the slow way begins anew.
            Withdraw(record, slot);
        }

        return TryBeginSlowly(slot, held, out mark);
    }

    /// <summary>Ends the use, once; copies of this mark end nothing more. Gives the block back if it was closed meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void End()
    {
        unsafe
        {
            // SAFETY: records are never unmapped, and this thread's alone: a mark lives on the stack of its thread.
            if (_record != null && _record->Generation == _recordGeneration)
            {
                _record->Generation = _recordGeneration + 1;
                Volatile.Write(ref *(nint*)&_record->Slot, 0);
                if (Volatile.Read(ref _slot->Generation) - _held > Closing.Shared)
                {
                    Finish(_slot);
                }
            }
        }
    }

    /// <remarks>Whoever may borrow without an atomic operation: all when shared; when biased, the thread of the slot's home.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool IsOpenTo(Magazine* magazines, Slot* slot, ulong state) =>
        state == Closing.Shared || (state == Closing.Biased && ThreadCache.IsAmong(magazines, slot->Home));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool TryBeginSlowly(Slot* slot, ulong held, out BorrowMark mark)
    {
        BorrowRecords* records = ThreadCache.MakeRecords();
        _ = ThreadCache.Records(out Magazine* magazines);
        BorrowRecord* record = BorrowRecords.TakeFree(records);
        while (true)
        {
            record->Slot = slot;
            Interlocked.MemoryBarrier();
            ulong state = Volatile.Read(ref slot->Generation) - held;
            if (IsOpenTo(magazines, slot, state) || (state <= Closing.Shared && TryLetIn(slot, held, state)))
            {
                mark = new BorrowMark(slot, held, record);
                return true;
            }

            Withdraw(record, slot);
            if (state > Closing.Shared && !Closing.IsExclusive(state))
            {
                mark = default;
                return false;
            }

            Closing.Wait();
        }
    }

    /// <summary>Moves the state to one in which this thread may borrow. Atomic, so a closer comes before or after.</summary>
    private static unsafe bool TryLetIn(Slot* slot, ulong held, ulong state)
    {
        bool becomesBiased = state == Closing.Held && ThreadCache.IsMine(slot->Home);
        return Closing.TryMove(
            slot, held, SlotState.Held + (int)state, becomesBiased ? SlotState.Biased : SlotState.Shared);
    }

    /// <summary>Clears a record that named the slot, which was not open. Its closer may have seen it, and deferred to it.</summary>
    private static unsafe void Withdraw(BorrowRecord* record, Slot* slot)
    {
        Volatile.Write(ref *(nint*)&record->Slot, 0);
        Finish(slot);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Finish(Slot* slot)
    {
        Interlocked.MemoryBarrier();
        Closing.TryFinish(slot);
    }
}
