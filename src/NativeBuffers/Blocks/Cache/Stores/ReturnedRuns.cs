namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The runs of one owner that have blocks which other threads have freed. For the thread that holds the lock of the class.</summary>
/// <remarks>
/// A run may also be in another list of its owner, so this list has links of its own. If another thread frees the last block of a run, the run is
/// reserved in <see cref="CacheLimits"/> until the owner collects its blocks. The timer runs while many runs wait here, because the owner
/// may have freed the last block, or may never ask for blocks again.
/// </remarks>
internal struct ReturnedRuns
{
    private static long s_reservedBytes;

    private unsafe BlockRun* _first;

    /// <summary>The bytes of the runs without used blocks that their owners have not collected.</summary>
    public static long ReservedBytes => Volatile.Read(ref s_reservedBytes);

    /// <summary>Notes the free of a block.</summary>
    /// <returns>False if the run seems to have no used block now, and the process may not keep as many bytes.</returns>
    /// <safety>The caller holds the lock, and gives up the block, which lies in a run of this owner.</safety>
    public unsafe bool Add(BlockRun* run, nint block)
    {
        if (!BlockRun.TryReturn(run, block))
        {
            return true;
        }

        if (!run->IsReturned)
        {
            run->IsReturned = true;
            run->NextReturned = _first;
            _first = run;
            CacheLimits.NoteReturned(BlockRun.Size);
            IdleTimer.Start();
        }

        // The owner may change the number now, so this is a guess.
        if (run->IsReserved || Volatile.Read(ref run->Used) > run->ReturnedCount)
        {
            return true;
        }

        run->IsReserved = CacheLimits.TryReserve(BlockRun.Size);
        if (run->IsReserved)
        {
            _ = Interlocked.Add(ref s_reservedBytes, BlockRun.Size);
        }

        return run->IsReserved;
    }

    /// <summary>Takes a run out; null if there is none.</summary>
    /// <safety>The caller holds the lock.</safety>
    public unsafe BlockRun* TryTake()
    {
        BlockRun* run = _first;
        if (run != null)
        {
            _first = run->NextReturned;
            End(run);
        }

        return run;
    }

    /// <summary>Takes this run out.</summary>
    /// <safety>The caller holds the lock, and the run is in the list.</safety>
    public unsafe void Remove(BlockRun* run)
    {
        BlockRun* before = _first;
        if (before == run)
        {
            _first = run->NextReturned;
        }
        else
        {
            while (before->NextReturned != run)
            {
                before = before->NextReturned;
            }

            before->NextReturned = run->NextReturned;
        }

        End(run);
    }

    /// <safety>The caller holds the lock.</safety>
    private static unsafe void End(BlockRun* run)
    {
        run->IsReturned = false;
        CacheLimits.NoteReturned(-BlockRun.Size);
        if (run->IsReserved)
        {
            run->IsReserved = false;
            CacheLimits.Release(BlockRun.Size);
            _ = Interlocked.Add(ref s_reservedBytes, -BlockRun.Size);
        }
    }
}
