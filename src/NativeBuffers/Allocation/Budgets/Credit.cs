using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>The credit of one thread in one budget: bytes that are charged on all levels already, and that no block uses.</summary>
/// <remarks>
/// <para>A charge takes bytes from the credit and a free puts them back, in plain loads and stores however deep the tree is. The thread is
/// the owner of the <see cref="Gate"/>. A visitor calls the credit in: it holds the lock of the tree, so there is one visitor at a time.</para>
/// <code>
/// state     most    the owner may                              moves
/// closed    0       nothing: its requests take the lock       open: the owner, with the lock of the tree
/// open      > 0     take while left >= bytes,                 full or empty: the owner takes the lock, and moves a parcel
///                   give while left + bytes &lt;= most           visited: a visitor raises the floor
/// visited   > 0     nothing, once it has seen the floor       closed: the visitor, after the barrier and the wait
///
/// owner:    inside = 1; load floor; load left; if it fits, store left; inside = 0 (release)
/// visitor:  floor = very large; barrier of the whole process; wait until inside = 0 (acquire);
///           left goes back to the level; most = 0; floor = 0 (release)
/// </code>
/// <para>The owner opens the credit and moves parcels while it holds the lock. Then no visitor is there, and the owner need not enter.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct Credit
{
    /// <summary>Two cache lines: processors fetch lines in pairs, and two threads must not share a pair.</summary>
    private const int Size = 128;

    /// <summary>The owner is inside while it changes the credit. A visitor holds the lock of the tree.</summary>
    public VisitGate Gate;

    /// <summary>The bytes of credit.</summary>
    private long _left;

    /// <summary>The most bytes that the owner may put back here; 0 while the credit is closed. Written with the lock of the tree.</summary>
    private long _most;

    /// <summary>The fewest bytes that were left since the credit was last changed with the lock, for the peak.</summary>
    private long _fewest;

    /// <summary>The place among the open credits of the level. With the lock of the tree.</summary>
    public int Place;

    /// <summary>Whether the owner may take and give. With the lock of the tree.</summary>
    public readonly bool IsOpen => _most != 0;

    /// <summary>The bytes of credit; while the owner works, as many as there were a moment ago.</summary>
    public readonly long Left => Volatile.Read(in _left);

    /// <inheritdoc cref="_fewest"/>
    public readonly long Fewest => Volatile.Read(in _fewest);

    /// <summary>Makes a closed credit; null if memory is exhausted.</summary>
    /// <safety>The credit belongs to the caller's thread. <see cref="Free"/> frees it.</safety>
    public static unsafe Credit* TryMake()
    {
        try
        {
            FailPoint.ThrowIfRefused();
            var credit = (Credit*)NativeMemory.AlignedAlloc(Size, Size);
            *credit = default;
            return credit;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Frees a credit.</summary>
    /// <safety>The credit is closed, and its thread has ended.</safety>
    public static unsafe void Free(Credit* credit) => NativeMemory.AlignedFree(credit);

    /// <summary>Takes bytes for a block that the owner has already; false if there are not as many, or a visitor is here.</summary>
    /// <safety>The caller is the owner.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryTakeUsed(Credit* credit, long byteCount)
    {
        int floor = credit->Gate.Begin();
        long left = credit->_left - byteCount;
        if (floor == 0 && left >= 0)
        {
            credit->_left = left;
            if (left < credit->_fewest)
            {
                credit->_fewest = left;
            }

            credit->Gate.Leave();
            return true;
        }

        credit->Gate.Leave();
        return false;
    }

    /// <summary>Takes bytes for a block that may still be refused; false if there are not as many, or a visitor is here.</summary>
    /// <remarks>Call <see cref="Confirm"/> when there is a block: a charge for a request that fails is no peak.</remarks>
    /// <inheritdoc cref="TryTakeUsed" path="/safety"/>
    public static unsafe bool TryTake(Credit* credit, long byteCount)
    {
        int floor = credit->Gate.Begin();
        long left = credit->_left - byteCount;
        bool isTaken = floor == 0 && left >= 0;
        if (isTaken)
        {
            credit->_left = left;
        }

        credit->Gate.Leave();
        return isTaken;
    }

    /// <summary>Notes that all bytes that were taken are in use.</summary>
    /// <inheritdoc cref="TryTakeUsed" path="/safety"/>
    public static unsafe void Confirm(Credit* credit)
    {
        if (credit->Gate.Begin() == 0 && credit->_left < credit->_fewest)
        {
            credit->_fewest = credit->_left;
        }

        credit->Gate.Leave();
    }

    /// <summary>Puts the bytes of a freed block back; false if there is no room for them, or a visitor is here.</summary>
    /// <inheritdoc cref="TryTakeUsed" path="/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGive(Credit* credit, long byteCount)
    {
        int floor = credit->Gate.Begin();
        long left = credit->_left + byteCount;
        if (floor == 0 && left <= credit->_most)
        {
            credit->_left = left;
            credit->Gate.Leave();
            return true;
        }

        credit->Gate.Leave();
        return false;
    }

    /// <summary>Sets the bytes of credit and the most of them: opens the credit, or moves a parcel.</summary>
    /// <safety>The caller has the lock of the tree, and is the owner, or is a visitor while the owner is out.</safety>
    public static unsafe void Set(Credit* credit, long left, long most)
    {
        credit->_most = most;
        Volatile.Write(ref credit->_left, left);
        Volatile.Write(ref credit->_fewest, left);
    }

    /// <summary>Sets the fewest bytes to those that are left now.</summary>
    /// <remarks>The owner calls it, with the lock of the tree.</remarks>
    public void Restart() => Volatile.Write(ref _fewest, _left);
}
