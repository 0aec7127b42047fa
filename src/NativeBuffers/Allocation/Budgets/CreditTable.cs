using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>The credits of one thread, by the numbers of their budgets. The object is reachable as long as its thread lives.</summary>
/// <remarks>
/// A number goes to another budget when its first one has ended. The credit under this number is closed then, and stays closed until its
/// thread opens it for the other budget. So an open credit is always that of the budget that has the number, and no check is needed.
/// </remarks>
internal sealed class CreditTable
{
    private const uint FewestPlaces = 8;

    [ThreadStatic]
    private static unsafe Row* t_row;

    [ThreadStatic]
    private static CreditTable? t_table;

    private readonly unsafe Row* _row;

    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    private CreditTable()
    {
        unsafe
        {
            // SAFETY: the row is this object's, and is freed by its finalizer.
            _row = (Row*)NativeMemory.AllocZeroed((nuint)sizeof(Row));
        }
    }

    /// <summary>Gives the credits of an ended thread back to their budgets.</summary>
    ~CreditTable()
    {
        unsafe
        {
            // SAFETY: the thread has ended, so only visitors know its credits, and after Drop no visitor does. The row is null if
            // the constructor has thrown.
            for (uint number = 1; _row != null && number < _row->Count; number++)
            {
                var credit = (Credit*)_row->Credits[number];
                if (credit != null)
                {
                    BudgetNumbers.Of((int)number)?.Drop(credit);
                    Credit.Free(credit);
                }
            }

            NativeMemory.Free(_row == null ? null : _row->Credits);
            NativeMemory.Free(_row);
        }
    }

    /// <summary>The credits of this thread; null if it has none.</summary>
    /// <safety>The row is valid as long as the caller's thread lives.</safety>
    public static unsafe Row* Here => t_row;

    /// <summary>The credit of a row in the budget of a number; null if there is none.</summary>
    /// <safety>The row is the caller's thread's, or null.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Credit* Find(Row* row, int number) =>
        row != null && (uint)number < row->Count ? (Credit*)row->Credits[(uint)number] : null;

    /// <summary>This thread's credit in the budget of a number, made if need be; null if memory is exhausted.</summary>
    /// <safety>The credit is the caller's thread's.</safety>
    public static unsafe Credit* FindOrMake(int number)
    {
        Credit* credit = Find(t_row, number);
        if (credit != null || !TryMakeRoom((uint)number))
        {
            return credit;
        }

        credit = Credit.TryMake();
        t_row->Credits[number] = (nint)credit;
        return credit;
    }

    private static bool TryMakeRoom(uint number)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            t_table ??= new CreditTable();
            unsafe
            {
                // SAFETY: the row is this thread's, and only this thread uses its array.
                Row* row = t_table._row;
                t_row = row;
                if (number >= row->Count)
                {
                    uint count = row->Count;
                    uint wanted = uint.Max(number + 1, uint.Max(2 * count, FewestPlaces));
                    row->Credits = (nint*)NativeMemory.Realloc(row->Credits, wanted * (nuint)sizeof(nint));
                    new Span<nint>(row->Credits + count, (int)(wanted - count)).Clear();
                    row->Count = wanted;
                }
            }

            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>The addresses of a thread's credits, by number. It does not move.</summary>
    internal struct Row
    {
        /// <summary>The number of places.</summary>
        public uint Count;

        /// <summary>The addresses; 0 where there is no credit.</summary>
        public unsafe nint* Credits;
    }
}
