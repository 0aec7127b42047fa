using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>All that one thread borrows: a row of records, and further rows when it borrows very much at once.</summary>
/// <remarks>Rows are never unmapped, and a record's place never changes: others may always read.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct BorrowRecords
{
    /// <summary>How many records a row has.</summary>
    public const int Length = 31;

    /// <summary>The first record is the one that a borrow takes if nothing else is borrowed.</summary>
    private BorrowRecord _hot;

    /// <summary>Records from here on are free, in this row. Raised before one of them is used.</summary>
    private int _end;

    private unsafe BorrowRecords* _next;

    /// <summary>In one cache line with what is above, because others look at that of every thread.</summary>
    private Row _others;

    /// <summary>Marks the hot record as taken, so that the first borrow comes the slow way: see <see cref="Borrowers.Add"/>.</summary>
    /// <safety>Nobody uses the records yet.</safety>
    public static unsafe void Close(BorrowRecords* records) => Hot(records)->Slot = Nobody;

    /// <summary>Whether nothing was ever borrowed.</summary>
    /// <safety>The records are the caller's thread's.</safety>
    public static unsafe bool IsClosed(BorrowRecords* records) => Hot(records)->Slot == Nobody;

    /// <summary>Frees the hot record.</summary>
    /// <safety>The records are the caller's thread's, and closed.</safety>
    public static unsafe void Open(BorrowRecords* records) => Hot(records)->Slot = null;

    /// <summary>The record to try first.</summary>
    /// <safety>The records are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe BorrowRecord* Hot(BorrowRecords* records) => (BorrowRecord*)records;

    /// <summary>A free record; a new row is made when there is none.</summary>
    /// <safety>The records are the caller's thread's.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static unsafe BorrowRecord* TakeFree(BorrowRecords* records)
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

            if (records->_next == null)
            {
                // Zeroed before others can find it.
                FailPoint.ThrowIfRefused();
                void* row = NativeMemory.AllocZeroed((nuint)sizeof(BorrowRecords));
                Volatile.Write(ref *(nint*)&records->_next, (nint)row);
            }

            records = records->_next;
        }
    }

    /// <summary>Whether any record of this thread names the slot.</summary>
    /// <remarks>Most threads borrow one thing at a time: for them this is one comparison and two looks.</remarks>
    /// <safety>The records are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool NameHere(BorrowRecords* records, Slot* slot) =>
        Hot(records)->Slot == slot || ((records->_end > 1 | records->_next != null) && NameBehindHot(records, slot));

    /// <summary>Whether any record names the slot.</summary>
    /// <safety>The records belong to the caller's thread, or a barrier of the whole process came before.</safety>
    public static unsafe bool Name(BorrowRecords* records, Slot* slot)
    {
        for (; records != null; records = (BorrowRecords*)Volatile.Read(ref *(nint*)&records->_next))
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

    /// <summary>Ends a borrow of a thread that has ended without doing so; null when there is none.</summary>
    /// <returns>The slot that was borrowed, perhaps more than once.</returns>
    /// <safety>The thread has ended.</safety>
    public static unsafe Slot* EndOne(BorrowRecords* records)
    {
        for (; records != null; records = records->_next)
        {
            for (int i = 0; i < Length; i++)
            {
                BorrowRecord* record = At(records, i);
                Slot* slot = record->Slot;
                if (slot != null && slot != Nobody)
                {
                    record->Generation++;
                    Volatile.Write(ref *(nint*)&record->Slot, 0);
                    return slot;
                }
            }
        }

        return null;
    }

    /// <summary>A value of <see cref="BorrowRecord.Slot"/> that is no slot.</summary>
    private static unsafe Slot* Nobody => (Slot*)1;

    private static unsafe BorrowRecord* At(BorrowRecords* records, int index) =>
        index == 0 ? Hot(records) : (BorrowRecord*)&records->_others + (index - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe bool NameBehindHot(BorrowRecords* records, Slot* slot)
    {
        // What is free at the end of a row need not be looked at again.
        for (BorrowRecords* row = records; row != null; row = row->_next)
        {
            while (row->_end > 0 && At(row, row->_end - 1)->Slot == null)
            {
                row->_end--;
            }
        }

        return Name(records, slot);
    }

    [InlineArray(Length - 1)]
    private struct Row
    {
        private BorrowRecord _first;
    }
}
