using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>The parts that all levels of one tree of budgets share: the lock, and the list of levels in which threads have credit.</summary>
/// <remarks>The caller of each member has the lock.</remarks>
internal sealed class BudgetTree
{
    private readonly UninterruptedLock _lock = new();

    /// <summary>The levels with open credits.</summary>
    private readonly List<BudgetLevel> _withCredit = [];

    /// <summary>Whether a level has ever reserved bytes.</summary>
    public bool HasReserved { get; set; }

    /// <summary>Enters the lock.</summary>
    public UninterruptedLock.Scope Enter() => _lock.Enter();

    /// <summary>Makes room in the list, so that <see cref="Add"/> cannot fail; false if memory is exhausted.</summary>
    public bool TryMakeRoom()
    {
        try
        {
            FailPoint.ThrowIfRefused();
            _ = _withCredit.EnsureCapacity(_withCredit.Count + 1);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Adds a level whose first credit is open.</summary>
    public void Add(BudgetLevel level)
    {
        level.Credits.Place = _withCredit.Count;
        _withCredit.Add(level);
        level.CountCredit(1);
    }

    /// <summary>Removes a level without open credits.</summary>
    public void Remove(BudgetLevel level)
    {
        BudgetLevel last = _withCredit[^1];
        last.Credits.Place = level.Credits.Place;
        _withCredit[level.Credits.Place] = last;
        _withCredit.RemoveAt(_withCredit.Count - 1);
        level.CountCredit(-1);
    }

    /// <summary>The bytes of credit in a level and below it.</summary>
    public long CreditIn(BudgetLevel level)
    {
        long sum = 0;
        for (int i = NextIn(level, _withCredit.Count); i >= 0; i = NextIn(level, i))
        {
            sum += _withCredit[i].Credits.Left;
        }

        return sum;
    }

    /// <summary>Updates the peaks of a level with the use of the levels below it.</summary>
    public void NotePeaksIn(BudgetLevel level)
    {
        for (int i = NextIn(level, _withCredit.Count); i >= 0; i = NextIn(level, i))
        {
            _withCredit[i].NotePeaks();
        }

        level.NotePeaks();
    }

    /// <summary>Calls in all credits in a level and below it: closes them, and gives their bytes back. False if there are none.</summary>
    /// <param name="level">The level.</param>
    /// <param name="own">This thread's credit, for which no barrier is needed; or null.</param>
    /// <safety>The credit is the caller's thread's.</safety>
    public unsafe bool CallIn(BudgetLevel level, Credit* own)
    {
        bool isAny = false;
        bool isOther = false;
        for (int i = NextIn(level, _withCredit.Count); i >= 0; i = NextIn(level, i))
        {
            isAny = true;
            isOther |= _withCredit[i].Credits.Announce(own);
        }

        if (isOther)
        {
            Interlocked.MemoryBarrierProcessWide();
        }

        // A level that leaves the list gives its place to the last one, which has come already.
        for (int i = NextIn(level, _withCredit.Count); i >= 0; i = NextIn(level, i))
        {
            _withCredit[i].CloseCredits(own);
        }

        return isAny;
    }

    /// <summary>The next place, downwards from <paramref name="end"/>, of a level that is this one or is below it; -1 if there is none.</summary>
    private int NextIn(BudgetLevel level, int end)
    {
        if (level.LevelsWithCredit == 0)
        {
            return -1;
        }

        if (level.LevelsWithCredit == 1 && !level.Credits.IsEmpty)
        {
            return level.Credits.Place < end ? level.Credits.Place : -1;
        }

        int i = end - 1;
        while (i >= 0 && !_withCredit[i].IsIn(level))
        {
            i--;
        }

        return i;
    }
}
