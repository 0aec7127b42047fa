using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>The borrow records of one thread: published notes of the blocks that it uses, as in hazard pointers (Michael, 2004).</summary>
/// <remarks>
/// A row of records, and further rows where a thread borrows more at once. Rows are never unmapped, and no record ever moves, so every
/// thread may always read them. <see cref="Publish"/> puts them into a list of all threads; caches leave their threads, but never this list.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct BorrowRecords
{
    /// <summary>The number of records in a row.</summary>
    public const int Length = 31;

    private static readonly UninterruptedLock s_lock = new();

    /// <summary>The first records of the list. Readable without the lock.</summary>
    private static nint s_first;

    /// <summary>The record that a borrow takes if the thread borrows nothing else.</summary>
    private Record _hot;

    /// <summary>Records from here on are free, in this row. Raised before one of them is used.</summary>
    private int _end;

    private unsafe BorrowRecords* _nextRow;

    /// <summary>In one cache line with the fields above: closing threads look at that line of every thread.</summary>
    private Row _others;

    private unsafe BorrowRecords* _nextThread;

    /// <summary>A value of <see cref="Record.Slot"/> that is no slot.</summary>
    /// <safety>The pointer is compared, never followed.</safety>
    private static unsafe Slot* Taken => (Slot*)1;

    /// <summary>Marks the hot record as taken, so that the first borrow of a thread takes the slow path, which publishes the records.</summary>
    /// <safety>No thread uses the records yet.</safety>
    public static unsafe void Close(BorrowRecords* records) => Hot(records)->Slot = Taken;

    /// <summary>Publishes the records, once: from now on other threads see the borrows of this thread.</summary>
    /// <safety>The records are the caller's thread's.</safety>
    public static unsafe void Publish(BorrowRecords* records)
    {
        if (Hot(records)->Slot == Taken)
        {
            using (s_lock.Enter())
            {
                records->_nextThread = (BorrowRecords*)s_first;
                Volatile.Write(ref s_first, (nint)records);
            }

            Hot(records)->Slot = null;
        }
    }

    /// <summary>The record to try first.</summary>
    /// <safety>The records are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Record* Hot(BorrowRecords* records) => (Record*)records;

    /// <summary>A free record; a new row is made when there is none.</summary>
    /// <safety>The records are the caller's thread's.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static unsafe Record* TakeFree(BorrowRecords* records)
    {
        while (true)
        {
            for (int i = 0; i < Length; i++)
            {
                if (At(records, i)->Slot == null)
                {
                    Volatile.Write(ref records->_end, int.Max(records->_end, i + 1));
                    return At(records, i);
                }
            }

            if (records->_nextRow == null)
            {
                // Zeroed before other threads can find the row.
                FailPoint.ThrowIfRefused();
                void* row = NativeMemory.AllocZeroed((nuint)sizeof(BorrowRecords));
                Volatile.Write(ref *(nint*)&records->_nextRow, (nint)row);
            }

            records = records->_nextRow;
        }
    }

    /// <summary>Whether this thread borrows the slot's block.</summary>
    /// <remarks>Most threads borrow one block at a time: for them this is one comparison and two reads.</remarks>
    /// <safety>The records are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool NameHere(BorrowRecords* records, Slot* slot) =>
        Hot(records)->Slot == slot || ((records->_end > 1 | records->_nextRow != null) && NameAfterHot(records, slot));

    /// <summary>Whether any thread borrows the slot's block.</summary>
    /// <remarks>
    /// A thread whose borrow is not seen here has yet to read the slot's generation: see decision 7. For a thread that borrows one block
    /// at a time, one cache line is read.
    /// </remarks>
    /// <safety>The caller has moved the slot's state on, and then passed a barrier of the whole process. Records are never unmapped.</safety>
    public static unsafe bool NameAnywhere(Slot* slot)
    {
        BorrowRecords* records = (BorrowRecords*)Volatile.Read(ref s_first);
        while (records != null && !Name(records, slot))
        {
            records = records->_nextThread;
        }

        return records != null;
    }

    /// <summary>The same as <see cref="NameAnywhere"/> for many slots: each record is read once.</summary>
    /// <param name="slots">The slots.</param>
    /// <param name="isBorrowed">For each slot, set to true if a thread borrows its block.</param>
    /// <param name="count">The number of slots.</param>
    /// <safety>As for <see cref="NameAnywhere"/>. Both arrays have as many elements.</safety>
    public static unsafe void FindBorrowed(Slot** slots, bool* isBorrowed, int count)
    {
        var named = new ReadOnlySpan<nint>(slots, count);
        for (BorrowRecords* records = (BorrowRecords*)Volatile.Read(ref s_first); records != null; records = records->_nextThread)
        {
            for (BorrowRecords* row = records; row != null; row = (BorrowRecords*)Volatile.Read(ref *(nint*)&row->_nextRow))
            {
                int end = int.Max(Volatile.Read(ref row->_end), 1);
                for (int i = 0; i < end; i++)
                {
                    nint slot = Volatile.Read(ref *(nint*)&At(row, i)->Slot);
                    int index = slot == 0 ? -1 : named.IndexOf(slot);
                    if (index >= 0)
                    {
                        isBorrowed[index] = true;
                    }
                }
            }
        }
    }

    /// <summary>Ends a borrow of a thread that has ended without doing so; null when there is none.</summary>
    /// <returns>The slot that was borrowed, perhaps more than once.</returns>
    /// <safety>The thread has ended.</safety>
    public static unsafe Slot* EndOne(BorrowRecords* records)
    {
        for (; records != null; records = records->_nextRow)
        {
            for (int i = 0; i < Length; i++)
            {
                Record* record = At(records, i);
                Slot* slot = record->Slot;
                if (slot != null && slot != Taken)
                {
                    record->Ended++;
                    Volatile.Write(ref *(nint*)&record->Slot, 0);
                    return slot;
                }
            }
        }

        return null;
    }

    /// <safety>The index is below <see cref="Length"/>, and the row has as many records.</safety>
    private static unsafe Record* At(BorrowRecords* records, int index) =>
        index == 0 ? Hot(records) : (Record*)&records->_others + (index - 1);

    /// <summary>Whether a record of one thread names the slot.</summary>
    /// <safety>The records belong to the caller's thread, or a barrier of the whole process came before.</safety>
    private static unsafe bool Name(BorrowRecords* records, Slot* slot)
    {
        for (; records != null; records = (BorrowRecords*)Volatile.Read(ref *(nint*)&records->_nextRow))
        {
            int end = int.Max(Volatile.Read(ref records->_end), 1);
            for (int i = 0; i < end; i++)
            {
                if ((Slot*)Volatile.Read(ref *(nint*)&At(records, i)->Slot) == slot)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <safety>The records are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool NameAfterHot(BorrowRecords* records, Slot* slot)
    {
        // Free records at the end of a row need not be read again.
        for (BorrowRecords* row = records; row != null; row = row->_nextRow)
        {
            while (row->_end > 0 && At(row, row->_end - 1)->Slot == null)
            {
                row->_end--;
            }
        }

        return Name(records, slot);
    }

    /// <summary>A thread's note that it uses a block.</summary>
    internal struct Record
    {
        /// <summary>The slot whose block is borrowed; null when the record is free. Its thread alone writes it.</summary>
        public unsafe Slot* Slot;

        /// <summary>The slot's generation that is borrowed, in the state open. For its thread alone.</summary>
        public Generation Opened;

        /// <summary>The number of borrows of this record that have ended. A copy of an ended borrow finds a higher number.</summary>
        public ulong Ended;
    }

    [InlineArray(Length - 1)]
    private struct Row
    {
        private Record _first;
    }
}
