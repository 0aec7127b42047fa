namespace NativeBuffers.Regions;

/// <summary>The state of every page of a region, as runs of pages with the same state, in order and without gaps. For one thread at a time.</summary>
/// <remarks>
/// The system knows all this too, but a query is slow. Neighbours always differ, so a region that is used from its start has two runs, and
/// a binary search finds a page. Offsets are bytes from the region's start.
/// </remarks>
internal sealed class PageMap
{
    /// <summary>The most runs that one change adds.</summary>
    private const int MostAdded = 2;

    private readonly List<Run> _runs;

    /// <param name="byteCount">The region's size in bytes, not zero; all of it is reserved.</param>
    public PageMap(long byteCount) => _runs = [new Run(0, byteCount, default)];

    /// <summary>The number of committed bytes.</summary>
    public long CommittedByteCount { get; private set; }

    /// <summary>All runs, in order, until the next change.</summary>
    public ReadOnlySpan<Run> Runs => CollectionsMarshal.AsSpan(_runs);

    /// <summary>Makes room, so that the next <see cref="Change"/> needs no memory and cannot fail.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public void MakeRoom() => _runs.EnsureCapacity(_runs.Count + MostAdded);

    /// <summary>The runs in a range, cut at its ends.</summary>
    public Run[] Between(long start, long end)
    {
        if (start == end)
        {
            return [];
        }

        int first = IndexOf(start);
        int last = IndexOf(end - 1);
        var found = new Run[last - first + 1];
        for (int i = first; i <= last; i++)
        {
            Run run = _runs[i];
            found[i - first] = run with { Start = long.Max(run.Start, start), End = long.Min(run.End, end) };
        }

        return found;
    }

    /// <summary>True if all pages of a range are committed, and allow at least this access.</summary>
    public bool Allow(long start, long end, PageAccess access)
    {
        for (int i = start == end ? _runs.Count : IndexOf(start); i < _runs.Count && _runs[i].Start < end; i++)
        {
            if (!_runs[i].State.IsCommitted || _runs[i].State.Access < access)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Changes the state of all pages of a range.</summary>
    public void Change(long start, long end, Func<State, State> change)
    {
        if (start == end)
        {
            return;
        }

        int first = CutAt(start);
        int after = CutAt(end);
        for (int i = first; i < after; i++)
        {
            Run before = _runs[i];
            _runs[i] = before with { State = change(before.State) };
            CommittedByteCount += CommittedIn(_runs[i]) - CommittedIn(before);
        }

        Join(int.Max(first - 1, 0), int.Min(after, _runs.Count - 1));
    }

    private static long CommittedIn(Run run) => run.State.IsCommitted ? run.ByteCount : 0;

    /// <summary>The index of the run that contains a byte.</summary>
    private int IndexOf(long offset) => Runs.BinarySearch(new Offset(offset));

    /// <summary>Makes a run begin at an offset, and returns its index; the number of runs if the offset is the region's end.</summary>
    private int CutAt(long offset)
    {
        if (offset == _runs[^1].End)
        {
            return _runs.Count;
        }

        int index = IndexOf(offset);
        Run run = _runs[index];
        if (run.Start == offset)
        {
            return index;
        }

        _runs[index] = run with { End = offset };
        _runs.Insert(index + 1, run with { Start = offset });
        return index + 1;
    }

    /// <summary>Joins neighbours with the same state.</summary>
    private void Join(int first, int last)
    {
        int kept = first;
        for (int i = first + 1; i <= last; i++)
        {
            if (_runs[i].State == _runs[kept].State)
            {
                _runs[kept] = _runs[kept] with { End = _runs[i].End };
            }
            else
            {
                _runs[++kept] = _runs[i];
            }
        }

        _runs.RemoveRange(kept + 1, last - kept);
    }

    /// <summary>An offset, in the order of the runs: equal to the run that contains it.</summary>
    private readonly struct Offset(long offset) : IComparable<Run>
    {
        public int CompareTo(Run run) => offset < run.Start ? -1 : offset < run.End ? 0 : 1;
    }

    /// <summary>The state of a page. The default is a page that is only reserved.</summary>
    internal readonly record struct State(bool IsCommitted, PageAccess Access, bool IsLocked);

    /// <summary>Neighbouring pages with the same state.</summary>
    /// <param name="Start">The first byte.</param>
    /// <param name="End">The first byte after the last page.</param>
    /// <param name="State">The state of each page.</param>
    internal readonly record struct Run(long Start, long End, State State)
    {
        /// <summary>In bytes.</summary>
        public long ByteCount => End - Start;
    }
}
