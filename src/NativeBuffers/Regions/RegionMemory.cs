using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>The addresses of a region, the state of its pages, and the lock that keeps both equal.</summary>
/// <remarks>
/// Ranges are whole pages inside the region. <see cref="NativeRegion"/> knows the borrows, enters the lock before it reads or changes the
/// state of pages, and does so only before the addresses are freed. A refusal of the system leaves all states unchanged.
/// </remarks>
internal sealed class RegionMemory : MappedBlock
{
    private readonly UninterruptedLock _lock = new();
    private readonly SystemMemory _system;
    private readonly NativeRegionOptions _options;
    private readonly PageMap _map;

    /// <summary>True if the last refusal of the system was to lock pages.</summary>
    private bool _isLockRefused;

    private RegionMemory(Block block, PageKind kind, NativeRegionOptions options, SystemMemory system)
        : base("Region")
    {
        Block = block;
        _system = system;
        _options = options;
        _map = new PageMap((long)block.ByteCount);
        Kind = kind;
        PageByteCount = (long)system.PageSizeOf(kind);
    }

    /// <summary>The kind of the pages.</summary>
    public PageKind Kind { get; }

    /// <summary>The size of a page in bytes.</summary>
    public long PageByteCount { get; }

    /// <summary>The reason why the pages are not of the requested kind; null if they are.</summary>
    public string? Refusal { get; private init; }

    /// <summary>The size in bytes.</summary>
    public long ByteCount => (long)Block.ByteCount;

    /// <summary>The number of committed bytes.</summary>
    public long CommittedByteCount => _map.CommittedByteCount;

    /// <summary>Reserves addresses. If the system refuses the requested kind of pages, this tries the kinds with smaller pages.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is too large to be rounded up to whole pages.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no range of this size.</exception>
    public static RegionMemory Reserve(long byteCount, NativeRegionOptions options, SystemMemory system)
    {
        string? refusal = null;
        for (PageKind kind = (PageKind)options.HugePages; ; kind--)
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
    public UninterruptedLock.Scope Enter() => _lock.Enter();

    /// <summary>Throws unless all pages of a range of bytes are committed, and allow this access.</summary>
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

    /// <summary>Gives pages memory. Committed pages become writable again.</summary>
    /// <exception cref="OutOfMemoryException">The system refused.</exception>
    public void Commit(long start, long byteCount)
    {
        bool locks = _options.LockPages;
        if (!TryChange(
            start, byteCount, state => new PageMap.State(true, PageAccess.ReadWrite, state.IsCommitted ? state.IsLocked : locks)))
        {
            throw _isLockRefused ? NotLocked(byteCount) : ThrowHelper.Refused("commit", start, byteCount);
        }
    }

    /// <summary>Takes the memory of pages away. The caller excludes all borrows of the region.</summary>
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
            // SAFETY: byteCount bytes of whole pages inside the reservation, which lives until FreeCore. The caller excludes all borrows.
            if (!TryWipe(_map.Between(start, start + byteCount)) || !_system.Decommit(At(start), (nuint)byteCount, Kind))
            {
                throw ThrowHelper.Refused("decommit", start, byteCount);
            }
        }

        _map.Change(start, start + byteCount, static _ => default);
    }

    /// <summary>Drops the contents of committed pages.</summary>
    /// <exception cref="OutOfMemoryException">The system refused; the contents of some pages may be gone.</exception>
    public void Discard(long start, long byteCount)
    {
        PageMap.Run[] runs = _map.Between(start, start + byteCount);
        bool isDone = TryWipe(runs);
        foreach (PageMap.Run run in runs)
        {
            (PageAccess access, bool isLocked) = (run.State.Access, run.State.IsLocked);
            unsafe
            {
                // SAFETY: the run is committed pages inside the reservation, which lives until FreeCore. A borrower sees zeros or old contents.
                isDone = isDone && _system.Discard(
                    At(run.Start), (nuint)run.ByteCount, isLocked, access >= PageAccess.Read, access == PageAccess.ReadWrite);
            }
        }

        if (!isDone)
        {
            throw ThrowHelper.Refused("discard", start, byteCount);
        }
    }

    /// <summary>Makes committed pages more or less accessible. The caller excludes all borrows of the region.</summary>
    /// <exception cref="OutOfMemoryException">The system refused.</exception>
    public void Protect(long start, long byteCount, PageAccess access)
    {
        if (!TryChange(start, byteCount, state => state with { Access = access }))
        {
            throw ThrowHelper.Refused("protect", start, byteCount);
        }
    }

    /// <summary>Locks committed, readable pages in memory; false if the system refused.</summary>
    public bool TryLock(long start, long byteCount) => TryChange(start, byteCount, static state => state with { IsLocked = true });

    /// <summary>Lets committed pages go to the swap file again.</summary>
    public void Unlock(long start, long byteCount) => _ = TryChange(start, byteCount, static state => state with { IsLocked = false });

    /// <summary>Sets bytes of writable pages to zero.</summary>
    public void Clear(long start, long byteCount)
    {
        unsafe
        {
            // SAFETY: the range is inside the reservation and writable. The caller excludes all borrows, and has entered the lock.
            new Block(At(start), (nuint)byteCount).ClearFrom(0);
        }
    }

    /// <summary>The exception for pages that cannot be locked, with the system's limit.</summary>
    public OutOfMemoryException NotLocked(long byteCount) => ThrowHelper.NotLocked(byteCount, _system.LockLimit);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        using (Enter())
        {
            _ = TryWipe(_map.Runs);
            _system.Free(block, byteCount);
        }
    }

    private static bool TryReserve(long byteCount, nuint pageSize, PageKind kind, SystemMemory system, out Block block)
    {
        if (!Layout.TryRoundUp((nuint)byteCount, pageSize, out nuint rounded) || rounded > Layout.LargestByteCount)
        {
            throw new ArgumentOutOfRangeException(nameof(byteCount), byteCount, "This number of bytes is too large to be rounded up to whole pages.");
        }

        unsafe
        {
            // SAFETY: the size is whole pages of their kind. The region frees the reservation.
            void* start = system.Reserve(rounded, kind);
            block = new Block(start, rounded);
            return start != null;
        }
    }

    /// <summary>Changes the pages of a range and their states. If the system refuses, restores the pages and returns false.</summary>
    private bool TryChange(long start, long byteCount, Func<PageMap.State, PageMap.State> change)
    {
        // All allocations come first, because they may fail.
        _map.MakeRoom();
        PageMap.Run[] runs = _map.Between(start, start + byteCount);
        for (int i = 0; i < runs.Length; i++)
        {
            PageMap.State next = change(runs[i].State);
            if (!TryMove(runs[i], runs[i].State, next))
            {
                bool isLockRefused = _isLockRefused;
                for (; i >= 0; i--)
                {
                    // The last run may have been changed in part.
                    _ = TryMove(runs[i], change(runs[i].State), runs[i].State);
                }

                _isLockRefused = isLockRefused;
                return false;
            }
        }

        _map.Change(start, start + byteCount, change);
        return true;
    }

    /// <summary>Lets the system change pages from one state to another.</summary>
    private bool TryMove(PageMap.Run run, PageMap.State from, PageMap.State to)
    {
        unsafe
        {
            // SAFETY: the run is whole pages inside the reservation, which lives until FreeCore. Pages become less accessible only if the
            // caller excludes all borrows, or if this method has just made them more accessible, which no borrower knows.
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

    private bool TryProtect(PageMap.Run run, PageAccess access)
    {
        unsafe
        {
            // SAFETY: the run is committed pages inside the reservation. TryMove and TryWipe, which call this, allow the new access.
            return _system.Protect(At(run.Start), (nuint)run.ByteCount, access >= PageAccess.Read, access == PageAccess.ReadWrite);
        }
    }

    /// <summary>
    /// Overwrites the contents of committed pages with <see cref="NativeRegionOptions.WipeOnFree"/>. False if some could not be
    /// made writable.
    /// </summary>
    private bool TryWipe(ReadOnlySpan<PageMap.Run> runs)
    {
        bool isDone = true;
        foreach (PageMap.Run run in _options.WipeOnFree ? runs : [])
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
                // SAFETY: the run is inside the reservation, committed and writable, and stays so: this thread is inside the lock.
                PageWiper.Wipe(_system, (byte*)At(run.Start), run.ByteCount);
            }

            if (!isWritable)
            {
                _ = TryProtect(run, run.State.Access);
            }
        }

        return isDone;
    }

    /// <summary>The address of an offset.</summary>
    /// <safety>The address is used only inside the reservation.</safety>
    private unsafe void* At(long offset) => (byte*)Block.Start + offset;
}
