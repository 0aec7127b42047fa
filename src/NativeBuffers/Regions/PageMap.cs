namespace NativeBuffers.Regions;

/// <summary>The state of every page of a region, as runs of equal ones, in order and without gaps. For one thread at a time.</summary>
/// <remarks>
/// The system knows all this too, but cannot be asked cheaply. Neighbours are never equal, so a region that is used from
/// its start has two runs, and finding a page is a binary search. Offsets are bytes from the region's start.
/// </remarks>
internal sealed class PageMap
{
    /// <summary>What one change adds at most.</summary>
    private const int MostAdded = 2;

    private readonly List<PageRun> _runs;

    /// <param name="byteCount">The region's size in bytes, not zero; all of it is reserved.</param>
    public PageMap(long byteCount) => _runs = [new PageRun(0, byteCount, PageState.Reserved)];

    /// <summary>How many bytes are committed.</summary>
    public long CommittedByteCount { get; private set; }

    /// <summary>All runs, in order, until the next change.</summary>
    public ReadOnlySpan<PageRun> Runs => CollectionsMarshal.AsSpan(_runs);

    /// <summary>Sees to it that the next <see cref="Change"/> needs no memory, and cannot fail.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public void MakeRoom() => _runs.EnsureCapacity(_runs.Count + MostAdded);

    /// <summary>The runs in a range, cut at its ends.</summary>
    public PageRun[] Between(long start, long end)
    {
        if (start == end)
        {
            return [];
        }

        int first = IndexOf(start);
        int last = IndexOf(end - 1);
        var found = new PageRun[last - first + 1];
        for (int i = first; i <= last; i++)
        {
            PageRun run = _runs[i];
            found[i - first] = run with { Start = long.Max(run.Start, start), End = long.Min(run.End, end) };
        }

        return found;
    }

    /// <summary>Whether all pages of a range are committed, and may be used at least so.</summary>
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
    public void Change(long start, long end, Func<PageState, PageState> change)
    {
        if (start == end)
        {
            return;
        }

        int first = CutAt(start);
        int behind = CutAt(end);
        for (int i = first; i < behind; i++)
        {
            PageRun before = _runs[i];
            _runs[i] = before with { State = change(before.State) };
            CommittedByteCount += CommittedIn(_runs[i]) - CommittedIn(before);
        }

        Join(int.Max(first - 1, 0), int.Min(behind, _runs.Count - 1));
    }

    private static long CommittedIn(PageRun run) => run.State.IsCommitted ? run.ByteCount : 0;

    /// <summary>The run that holds a byte.</summary>
    private int IndexOf(long offset)
    {
        int low = 0;
        int high = _runs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_runs[middle].Start <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>Makes a run begin at an offset, unless it is the end of all; the index of that run.</summary>
    private int CutAt(long offset)
    {
        if (offset == _runs[^1].End)
        {
            return _runs.Count;
        }

        int index = IndexOf(offset);
        PageRun run = _runs[index];
        if (run.Start == offset)
        {
            return index;
        }

        _runs[index] = run with { End = offset };
        _runs.Insert(index + 1, run with { Start = offset });
        return index + 1;
    }

    /// <summary>Makes one run of equal neighbours.</summary>
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
}
