using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>The number of one level, and the open credits of threads in it.</summary>
/// <remarks>
/// The caller of each member has the lock of the tree, except for <see cref="Number"/>, <see cref="CountRequest"/> and <see cref="NoteEmpty"/>.
/// </remarks>
internal sealed class LevelCredits(BudgetTree tree, BudgetLevel level)
{
    /// <summary>The number of requests after which a level gets a number: a budget for one short task needs none.</summary>
    private const int RequestsBeforeNumber = 16;

    /// <summary>The addresses of the open credits.</summary>
    private readonly List<nint> _open = [];

    private int _number;
    private int _requests;
    private int _emptyBlocks;

    /// <summary>The number under which threads have credit here; 0 if there is none.</summary>
    public int Number => Volatile.Read(ref _number);

    /// <summary>Whether the number holds the budget. While it does not, no credit may be open: the number may go to another budget.</summary>
    /// <remarks>So a free of no bytes, which may come after the number has let go of the budget, opens no credit.</remarks>
    public bool IsHeld { get; private set; }

    /// <summary>The place of the level in the list of the tree.</summary>
    public int Place { get; set; }

    /// <summary>Whether no credit is open.</summary>
    public bool IsEmpty => _open.Count == 0;

    /// <summary>The bytes of all open credits.</summary>
    public long Left
    {
        get
        {
            long sum = 0;
            foreach (nint credit in _open)
            {
                unsafe
                {
                    // SAFETY: the credit is open, and the caller has the lock, so it is not freed.
                    sum += ((Credit*)credit)->Left;
                }
            }

            return sum;
        }
    }

    /// <summary>The sum of the fewest bytes that were left in each open credit.</summary>
    public long Fewest
    {
        get
        {
            long sum = 0;
            foreach (nint credit in _open)
            {
                unsafe
                {
                    // SAFETY: an open credit lives until its thread has ended, and then Close takes it out of the list under the lock that the caller has.
                    sum += ((Credit*)credit)->Fewest;
                }
            }

            return sum;
        }
    }

    /// <summary>Counts a request that took the lock; true if there were enough of them for a number.</summary>
    public bool CountRequest() => ++_requests >= RequestsBeforeNumber;

    /// <summary>Takes a number for the budget of the level, unless memory is exhausted.</summary>
    public void TakeNumber(NativeMemoryBudget budget)
    {
        if (_number == 0)
        {
            int number = BudgetNumbers.TryTake(budget);
            IsHeld = number != 0;
            Volatile.Write(ref _number, number);
        }
    }

    /// <summary>Lets the number hold the budget, which is about to have bytes in use.</summary>
    public void Hold()
    {
        if (!IsHeld && _number != 0)
        {
            BudgetNumbers.Hold(_number);
            IsHeld = true;
        }
    }

    /// <summary>Counts the slots that name the budget by its number and have a block of no bytes: they need the number, too.</summary>
    public void NoteEmpty(int change) => Interlocked.Add(ref _emptyBlocks, change);

    /// <summary>Lets the number let go of the budget, which has no bytes in use and no credit.</summary>
    public void LetGo()
    {
        if (IsHeld && Volatile.Read(ref _emptyBlocks) == 0)
        {
            BudgetNumbers.LetGo(_number);
            IsHeld = false;
        }
    }

    /// <summary>Frees the number. The budget is closed, has no bytes in use and no credit.</summary>
    public void FreeNumber()
    {
        if (_number != 0 && Volatile.Read(ref _emptyBlocks) == 0)
        {
            BudgetNumbers.Free(_number);
            IsHeld = false;
            Volatile.Write(ref _number, 0);
        }
    }

    /// <summary>Makes room for one more open credit, so that <see cref="Set"/> cannot fail; false if memory is exhausted.</summary>
    public bool TryMakeRoom()
    {
        try
        {
            FailPoint.ThrowIfRefused();
            _ = _open.EnsureCapacity(_open.Count + 1);
            return tree.TryMakeRoom();
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Opens a credit, or moves bytes to or from it.</summary>
    /// <param name="credit">The credit. There is room for it if it is closed.</param>
    /// <param name="left">The bytes of credit from now on.</param>
    /// <param name="most">The most bytes from now on, not 0.</param>
    /// <safety>The credit is the caller's thread's.</safety>
    public unsafe void Set(Credit* credit, long left, long most)
    {
        if (!credit->IsOpen)
        {
            credit->Place = _open.Count;
            _open.Add((nint)credit);
            if (_open.Count == 1)
            {
                tree.Add(level);
            }
        }

        Credit.Set(credit, left, most);
    }

    /// <summary>Closes a credit, and returns the bytes that were left.</summary>
    /// <safety>The credit is open, and its thread has ended.</safety>
    public unsafe long Close(Credit* credit)
    {
        long left = credit->Left;
        nint last = _open[^1];
        ((Credit*)last)->Place = credit->Place;
        _open[credit->Place] = last;
        _open.RemoveAt(_open.Count - 1);
        if (_open.Count == 0)
        {
            tree.Remove(level);
        }

        Credit.Set(credit, left: 0, most: 0);
        return left;
    }

    /// <summary>Announces a visit of all open credits. Next: a barrier of the whole process if this is true, then <see cref="CloseAll"/>.</summary>
    /// <returns>Whether there is a credit of another thread than the caller's.</returns>
    /// <safety>The credit is the caller's thread's, or null.</safety>
    public unsafe bool Announce(Credit* own)
    {
        bool isOther = false;
        foreach (nint credit in _open)
        {
            isOther |= credit != (nint)own;
            ((Credit*)credit)->Gate.Announce();
        }

        return isOther;
    }

    /// <summary>Waits until no owner changes its credit any more.</summary>
    /// <safety>As for <see cref="Announce"/>, which was called.</safety>
    public unsafe void WaitForOwners(Credit* own)
    {
        foreach (nint credit in _open)
        {
            if (credit != (nint)own)
            {
                ((Credit*)credit)->Gate.WaitForOwner();
            }
        }
    }

    /// <summary>Closes all open credits, and returns the bytes that were left.</summary>
    /// <remarks>A visitor calls it after <see cref="WaitForOwners"/>.</remarks>
    public long CloseAll()
    {
        long sum = Left;
        foreach (nint credit in _open)
        {
            unsafe
            {
                // SAFETY: the owner is out, and changes nothing before the end of the visit.
                Credit.Set((Credit*)credit, left: 0, most: 0);
                ((Credit*)credit)->Gate.EndVisit();
            }
        }

        _open.Clear();
        tree.Remove(level);
        return sum;
    }
}
