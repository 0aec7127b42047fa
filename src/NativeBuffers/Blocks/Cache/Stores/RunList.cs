namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Runs that are linked in both directions, so that any of them can leave. For one thread at a time.</summary>
internal struct RunList
{
    /// <summary>The first run, or null.</summary>
    public unsafe BlockRun* First;

    /// <summary>Puts a run in front.</summary>
    /// <safety>The caller may change the list, and the run is in no list.</safety>
    public unsafe void Add(BlockRun* run)
    {
        run->Before = null;
        run->Next = First;
        if (First != null)
        {
            First->Before = run;
        }

        First = run;
    }

    /// <summary>Takes a run out.</summary>
    /// <safety>The caller may change the list, and the run is in this list.</safety>
    public unsafe void Remove(BlockRun* run)
    {
        if (run->Next != null)
        {
            run->Next->Before = run->Before;
        }

        if (run->Before != null)
        {
            run->Before->Next = run->Next;
        }
        else
        {
            First = run->Next;
        }
    }

    /// <summary>Gives the memory of the pages back in which no used block lies.</summary>
    /// <param name="runs">The class of the runs.</param>
    /// <remarks>The caller has the lock of the class, so no thread takes a block.</remarks>
    public readonly void DiscardFree(RunClass runs)
    {
        unsafe
        {
            // SAFETY: the runs have no owner, and their class is locked. Records are never unmapped.
            for (BlockRun* run = First; run != null; run = run->Next)
            {
                if (run->HasFreed)
                {
                    BlockRun.DiscardFree(run, runs.FirstBlock(run), runs.Stride);
                }
            }
        }
    }
}
