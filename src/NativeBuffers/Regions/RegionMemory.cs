using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>The addresses of a region, the state of its pages, and the lock that keeps both the same.</summary>
/// <remarks>
/// It knows nothing of who uses the region: that is <see cref="NativeRegion"/>'s part. Ranges are whole pages inside the
/// region. What reads or changes the pages' states is called inside the lock, and before <see cref="Free"/>. What the system refuses leaves all states as they were.
/// </remarks>
internal sealed class RegionMemory
{
    private readonly UninterruptedLock _lock = new();
    private readonly SystemMemory _system;
    private readonly NativeRegionOptions _options;
    private readonly PageMap _map;
    private readonly Block _block;

    /// <summary>Whether what the system refused last was to lock pages.</summary>
    private bool _isLockRefused;

    private RegionMemory(Block block, PageKind kind, NativeRegionOptions options, SystemMemory system)
    {
        _block = block;
        _system = system;
        _options = options;
        _map = new PageMap((long)block.ByteCount);
        Kind = kind;
        PageByteCount = (long)system.PageSizeOf(kind);
    }

    /// <summary>What the pages are like.</summary>
    public PageKind Kind { get; }

    /// <summary>The size of a page in bytes.</summary>
    public long PageByteCount { get; }

    /// <summary>Why the pages are not as asked for; null if they are.</summary>
    public string? Refusal { get; private init; }

    /// <summary>The size in bytes.</summary>
    public long ByteCount => (long)_block.ByteCount;

    /// <summary>How many bytes are committed.</summary>
    public long CommittedByteCount => _map.CommittedByteCount;

    /// <safety>Only what is committed may be touched.</safety>
    public unsafe void* Start => _block.Start;

    /// <summary>Reserves addresses; where the pages asked for cannot be had, with the next best ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Rounded up to pages, the size cannot be counted.</exception>
    /// <exception cref="OutOfMemoryException">There are not so many addresses.</exception>
    public static RegionMemory Reserve(long byteCount, NativeRegionOptions options, SystemMemory system)
    {
        string? refusal = null;
        for (PageKind kind = KindOf(options.HugePages); ; kind--)
        {
            nuint pageSize = system.PageSizeOf(kind);
            if (pageSize != 0 && TryReserve(byteCount, pageSize, kind, system, out Block block))
            {
                return new RegionMemory(block, kind, options, system) { Refusal = refusal };
            }

            if (kind == PageKind.Ordinary)
            {
                throw ThrowHelper.OutOfAddresses(byteCount);
            }

            string reason = system.RefusalOf(kind);
            refusal = refusal is null ? reason : $"{refusal.TrimEnd('.')}; and: {reason}";
        }
    }

    /// <summary>Rounds a number of bytes up to whole pages.</summary>
    public long RoundUp(long byteCount) => (byteCount + (PageByteCount - 1)) & ~(PageByteCount - 1);

    /// <summary>Throws unless a range is whole pages of the region.</summary>
    public void ThrowIfNotWholePages(long start, long byteCount)
    {
        if ((ulong)start > (ulong)ByteCount)
        {
            throw ThrowHelper.StartsOutside(nameof(start), start, ByteCount, "bytes");
        }

        if ((ulong)byteCount > (ulong)(ByteCount - start))
        {
            throw ThrowHelper.EndsOutside(nameof(byteCount), start, byteCount, ByteCount, "bytes");
        }

        if (start % PageByteCount != 0)
        {
            throw ThrowHelper.NotWholePages(nameof(start), start, PageByteCount);
        }

        if (byteCount % PageByteCount != 0)
        {
            throw ThrowHelper.NotWholePages(nameof(byteCount), byteCount, PageByteCount);
        }
    }

    /// <summary>Enters the lock; leave by disposing of the result.</summary>
    public Lock.Scope Enter() => _lock.Enter();

    /// <summary>Throws unless all pages that hold a range of bytes are committed, and may be used so.</summary>
    public void ThrowIfNotAllowed(long start, long byteCount, PageAccess access)
    {
        if (!_map.Allow(start, start + byteCount, access))
        {
            string needed = access switch
            {
                PageAccess.ReadWrite => "committed, readable and writable",
                PageAccess.Read => "committed and readable",
                _ => "committed",
            };
            throw ThrowHelper.NotAllowed(start, byteCount, needed);
        }
    }

    /// <summary>Gives pages memory, and makes those that have some writable again.</summary>
    /// <exception cref="OutOfMemoryException">The system refused.</exception>
    public void Commit(long start, long byteCount)
    {
        bool locks = _options.LockPages;
        if (!TryChange(
            start, byteCount, state => new PageState(true, PageAccess.ReadWrite, state.IsCommitted ? state.IsLocked : locks)))
        {
            throw _isLockRefused ? NotLocked(byteCount) : ThrowHelper.Refused("commit", start, byteCount);
        }
    }

    /// <summary>Takes their memory from pages. Nobody uses the region.</summary>
    /// <exception cref="OutOfMemoryException">The system refused; contents may be zero.</exception>
    public void Decommit(long start, long byteCount)
    {
        if (byteCount == 0)
        {
            return;
        }

        _map.MakeRoom();
        unsafe
        {
            // SAFETY: whole pages inside the reservation, which nobody uses, as the caller promised.
            if (!TryWipe(_map.Between(start, start + byteCount)) || !_system.Decommit(At(start), (nuint)byteCount, Kind))
            {
                throw ThrowHelper.Refused("decommit", start, byteCount);
            }
        }

        _map.Change(start, start + byteCount, static _ => PageState.Reserved);
    }

    /// <summary>Drops the contents of committed pages.</summary>
    /// <exception cref="OutOfMemoryException">The system refused; the contents of some pages may be gone.</exception>
    public void Discard(long start, long byteCount)
    {
        PageRun[] runs = _map.Between(start, start + byteCount);
        bool isDone = TryWipe(runs);
        foreach (PageRun run in runs)
        {
            unsafe
            {
                // SAFETY: whole committed pages inside the reservation; who borrows them sees zeros, or what the system keeps.
                (PageAccess access, bool isLocked) = (run.State.Access, run.State.IsLocked);
                isDone = isDone && _system.Discard(
                    At(run.Start), (nuint)run.ByteCount, isLocked, access >= PageAccess.Read, access == PageAccess.ReadWrite);
            }
        }

        if (!isDone)
        {
            throw ThrowHelper.Refused("discard", start, byteCount);
        }
    }

    /// <summary>Makes committed pages more or less accessible. Nobody uses the region.</summary>
    /// <exception cref="OutOfMemoryException">The system refused.</exception>
    public void Protect(long start, long byteCount, PageAccess access)
    {
        if (!TryChange(start, byteCount, state => state with { Access = access }))
        {
            throw ThrowHelper.Refused("protect", start, byteCount);
        }
    }

    /// <summary>Locks committed, readable pages in memory; false when the system refused.</summary>
    public bool TryLock(long start, long byteCount) => TryChange(start, byteCount, static state => state with { IsLocked = true });

    /// <summary>Lets committed pages go to the swap file again.</summary>
    public void Unlock(long start, long byteCount) => _ = TryChange(start, byteCount, static state => state with { IsLocked = false });

    /// <summary>Sets bytes of writable pages to zero.</summary>
    public void Clear(long start, long byteCount)
    {
        unsafe
        {
            // SAFETY: the caller promised that the range is inside the region and writable.
            new Block(At(start), (nuint)byteCount).ClearFrom(0);
        }
    }

    /// <summary>Why pages cannot be locked.</summary>
    public OutOfMemoryException NotLocked(long byteCount) => ThrowHelper.NotLocked(byteCount, _system.LockLimit);

    /// <summary>Gives everything back. Nobody uses the region, nor will.</summary>
    public void Free()
    {
        using (Enter())
        {
            _ = TryWipe(_map.Runs);
            unsafe
            {
                // SAFETY: this is the whole reservation, and its last use has ended.
                _system.Free(Start, _block.ByteCount);
            }
        }
    }

    private static PageKind KindOf(HugePages pages) => pages switch
    {
        HugePages.Explicit => PageKind.Explicit,
        HugePages.Transparent => PageKind.Transparent,
        _ => PageKind.Ordinary,
    };

    private static bool TryReserve(long byteCount, nuint pageSize, PageKind kind, SystemMemory system, out Block block)
    {
        if (!Layout.TryRoundUp((nuint)byteCount, pageSize, out nuint rounded) || rounded > Layout.LargestByteCount)
        {
            throw new ArgumentOutOfRangeException(nameof(byteCount), byteCount, "So many bytes cannot be counted in whole pages.");
        }

        unsafe
        {
            // SAFETY: whole pages of their kind.
            void* start = system.Reserve(rounded, kind);
            block = new Block(start, rounded);
            return start != null;
        }
    }

    /// <summary>Changes the pages of a range, and what is known of them; or else puts back those that were changed.</summary>
    private bool TryChange(long start, long byteCount, Func<PageState, PageState> change)
    {
        // What can fail here comes first.
        _map.MakeRoom();
        PageRun[] runs = _map.Between(start, start + byteCount);
        for (int i = 0; i < runs.Length; i++)
        {
            PageState next = change(runs[i].State);
            if (!TryMove(runs[i], runs[i].State, next))
            {
                bool isLockRefused = _isLockRefused;
                for (; i >= 0; i--)
                {
                    // The last one may have been changed in part.
                    _ = TryMove(runs[i], change(runs[i].State), runs[i].State);
                }

                _isLockRefused = isLockRefused;
                return false;
            }
        }

        _map.Change(start, start + byteCount, change);
        return true;
    }

    /// <summary>Tells the system to change pages from one state to another.</summary>
    private bool TryMove(PageRun run, PageState from, PageState to)
    {
        unsafe
        {
            // SAFETY: whole pages inside the reservation. They become less accessible only where the caller promised that nobody
            // uses them, or where they have just become more so, and nobody knew.
            void* start = At(run.Start);
            nuint byteCount = (nuint)run.ByteCount;
            if (!to.IsCommitted)
            {
                return !from.IsCommitted || _system.Decommit(start, byteCount, Kind);
            }

            if (from.IsLocked && !to.IsLocked)
            {
                _system.Unlock(start, byteCount);
            }

            bool isAccessible = (from.IsCommitted || _system.Commit(start, byteCount))
                && ((from.IsCommitted ? from.Access : PageAccess.ReadWrite) == to.Access || TryProtect(run, to.Access));
            bool mustLock = to.IsLocked && !from.IsLocked;
            _isLockRefused = isAccessible && mustLock && !_system.Lock(start, byteCount);
            return isAccessible && !_isLockRefused;
        }
    }

    private bool TryProtect(PageRun run, PageAccess access)
    {
        unsafe
        {
            // SAFETY: as TryMove's and TryWipe's, who call this.
            return _system.Protect(At(run.Start), (nuint)run.ByteCount, access >= PageAccess.Read, access == PageAccess.ReadWrite);
        }
    }

    /// <summary>Overwrites what committed pages hold, if that was asked for; false when the system refused to make some of them writable.</summary>
    private bool TryWipe(ReadOnlySpan<PageRun> runs)
    {
        bool isDone = true;
        foreach (PageRun run in _options.WipeOnFree ? runs : [])
        {
            bool isWritable = run.State.Access == PageAccess.ReadWrite;
            if (!run.State.IsCommitted)
            {
                continue;
            }

            if (!isWritable && !TryProtect(run, PageAccess.ReadWrite))
            {
                isDone = false;
                continue;
            }

            unsafe
            {
                // SAFETY: the run is inside the reservation, committed and writable.
                new PageWiper(_system).Wipe((byte*)At(run.Start), run.ByteCount);
            }

            if (!isWritable)
            {
                _ = TryProtect(run, run.State.Access);
            }
        }

        return isDone;
    }

    private unsafe void* At(long offset) => (byte*)_block.Start + offset;
}
