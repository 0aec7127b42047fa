namespace NativeBuffers.Blocks.Cache;

/// <summary>The close of a block that may have users on other threads: new uses are refused, and the block is not given back yet.</summary>
/// <safety>Slots and bins are never unmapped.</safety>
internal struct PendingClose
{
    /// <summary>The slot, which was moved to <see cref="Closing"/> by an atomic operation.</summary>
    public unsafe Slot* Slot;

    /// <summary>Its generation.</summary>
    public Generation Closing;

    /// <summary>Its home in that generation.</summary>
    public unsafe Bin* Home;

    /// <summary>Gives blocks back that are not used, and leaves each used block to its last user.</summary>
    /// <remarks>
    /// All closes came before the barrier. So the look at the records after the barrier finds each borrow that began before its
    /// close: see <c>CloseProtocol</c>. The records of each thread are read once, however many blocks there are.
    /// </remarks>
    /// <safety>Slots are never unmapped. Each close is settled once. There are at most <see cref="Outbox.MostCloses"/>.</safety>
    public static unsafe void Settle(PendingClose* closes, int count)
    {
        if (count == 0)
        {
            return;
        }

        Interlocked.MemoryBarrierProcessWide();
        Slot** slots = stackalloc Slot*[Outbox.MostCloses];
        bool* isBorrowed = stackalloc bool[Outbox.MostCloses];
        Bin* last = null;
        for (int i = 0; i < count; i++)
        {
            slots[i] = closes[i].Slot;
            isBorrowed[i] = false;
            if (closes[i].Home != last)
            {
                // The home's thread may be just giving a slot back, without having seen the close: let it finish.
                last = closes[i].Home;
                last->WaitForOwner();
            }
        }

        BorrowRecords.FindBorrowed(slots, isBorrowed, count);
        for (int i = 0; i < count; i++)
        {
            Settle(closes[i], isBorrowed[i]);
        }
    }

    /// <inheritdoc cref="Settle(PendingClose*, int)" path="/safety"/>
    private static unsafe void Settle(PendingClose close, bool isBorrowed)
    {
        Slot* slot = close.Slot;
        if (slot->ReadGeneration() != close.Closing)
        {
            // The home's thread has given the slot back at the same time, and its store came last.
            return;
        }

        if (!isBorrowed && Volatile.Read(ref slot->Pins) == 0)
        {
            FreePath.ReturnClosed(slot, close.Closing, close.Home);
        }
        else if (slot->TryMove(close.Closing, close.Closing.With(SlotState.ClosePending)))
        {
            // The last use may have ended just before, and its thread has seen that the close was still going on.
            FreePath.TryFinish(slot);
        }
    }
}
