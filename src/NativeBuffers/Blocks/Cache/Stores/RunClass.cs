using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The runs of one size class that no thread owns, and the lock for the runs of the class.</summary>
/// <remarks>
/// <para>Blocks come from a run with used blocks if there is one, so that runs become empty. Only lists and bits change under the lock: pages
/// go back outside of it.</para>
/// <para>A thread that uses bare blocks owns runs: see <see cref="OwnedRuns"/>. It takes them over here. A free by another thread only sets a bit,
/// which the owner collects when it next needs a run. If the owner has ended, the run has no owner from then on.</para>
/// </remarks>
internal sealed class RunClass
{
    /// <summary>The number of size classes that have runs.</summary>
    public const int Count = 33;

    /// <summary>Lines as far apart lie in the same set of a small cache. So blocks of such sizes are a line further apart.</summary>
    private const int LinesApart = 4096;

    private static readonly RunClass[] s_all = MakeAll();

    private readonly UninterruptedLock _lock = new();
    private readonly int _sizeClass;

    /// <summary>The number of blocks in a run.</summary>
    private readonly int _count;

    /// <summary>The runs without an owner that have free blocks and used ones.</summary>
    private RecordList _partial;

    /// <summary>A run without used blocks, or null. It keeps its memory, so that one block that comes and goes needs no new pages.</summary>
    private unsafe BlockRun* _spare;

    private RunClass(int sizeClass)
    {
        _sizeClass = sizeClass;
        int blockBytes = (int)SizeClasses.SizeOf(sizeClass);
        Stride = blockBytes + (blockBytes % LinesApart == 0 ? CacheLine.Size : 0);
        _count = BlockRun.Size / Stride;
    }

    /// <summary>The distance from one block to the next.</summary>
    public int Stride { get; }

    /// <summary>The runs of a size class below <see cref="Count"/>.</summary>
    public static RunClass For(int sizeClass) => s_all[sizeClass];

    /// <summary>The first block of a run.</summary>
    /// <remarks>
    /// Its distance from the start of the run is different in neighbouring runs, as far as the rest of a run allows (Bonwick's colours). It is less
    /// than the stride, so the place of a block follows from its address alone.
    /// </remarks>
    /// <safety>The pointer is not followed.</safety>
    public unsafe byte* FirstBlock(BlockRun* run)
    {
        byte* start = BlockRun.Start(run);
        int colours = ((BlockRun.Size - (_count * Stride)) / CacheLine.Size) + 1;
        return start + ((int)((nuint)start / BlockRun.Size % (nuint)colours) * CacheLine.Size);
    }

    /// <summary>Takes blocks from runs without an owner.</summary>
    /// <param name="blocks">Their addresses, in the order of their places.</param>
    /// <returns>The number of blocks: less than asked for if memory is exhausted.</returns>
    /// <safety>The blocks are the caller's.</safety>
    public unsafe int Take(Span<nint> blocks)
    {
        Span<int> places = stackalloc int[int.Min(blocks.Length, Depot.MostCapacity)];
        int taken = 0;
        using (_lock.Enter())
        {
            while (taken < blocks.Length)
            {
                BlockRun* run = _partial.First != null ? (BlockRun*)_partial.First : TryBegin();
                if (run == null)
                {
                    break;
                }

                byte* start = FirstBlock(run);
                int found = run->Take(places[..int.Min(places.Length, blocks.Length - taken)]);
                for (int i = 0; i < found; i++)
                {
                    blocks[taken++] = (nint)(start + (places[i] * Stride));
                }

                if (run->Used == run->Count)
                {
                    _partial.Remove(&run->Link);
                }
            }
        }

        return taken;
    }

    /// <summary>Gives blocks of any classes back.</summary>
    /// <param name="blocks">Their addresses.</param>
    /// <param name="keepsEmpty">Whether runs without used blocks may keep their memory.</param>
    /// <returns>False if threads own runs whose last block another thread has freed, and the limit has no room for these runs.</returns>
    /// <safety>The caller gives up the blocks, which lie in runs.</safety>
    public static unsafe bool Give(ReadOnlySpan<nint> blocks, bool keepsEmpty)
    {
        bool isWithinLimit = true;
        BlockRun* empty = null;
        while (!blocks.IsEmpty)
        {
            // In most cases, all are of one class. An owner that was made smaller may have released a larger block.
            RunClass owner = For(BlockRun.Of(blocks[0])->SizeClass);
            blocks = blocks[owner.GiveFirst(blocks, ref empty, ref isWithinLimit)..];
        }

        RunSpace.Give(empty, keepsEmpty);
        return isWithinLimit;
    }

    /// <summary>Takes a block for a thread whose runs have no free block: collects those that other threads have freed, or takes over a run.</summary>
    /// <remarks>Visitors take the lock too, so the thread need not be inside. So it waits for the lock outside, where no visitor waits for it.</remarks>
    /// <param name="runs">The thread's runs of this class.</param>
    /// <param name="number">The number of the thread.</param>
    /// <param name="fresh">A run that <see cref="TryMake"/> has made, or null; null afterwards, unless the result is false.</param>
    /// <param name="isReserved">Whether the caller has reserved room for a current run; false afterwards if there is one.</param>
    /// <param name="block">The block, or null.</param>
    /// <returns>False if a visitor has closed the runs, and no room is reserved.</returns>
    /// <safety>The caller's thread is the owner, and outside. The block is the caller's.</safety>
    public unsafe bool TryFill(OwnedRuns* runs, ulong number, ref BlockRun* fresh, ref bool isReserved, out void* block)
    {
        block = null;
        BlockRun* empty = null;
        using (_lock.Enter())
        {
            if (!isReserved && !runs->IsOpen)
            {
                return false;
            }

            runs->Number = number;
            OwnedRuns.Collect(runs, ref empty);
            BlockRun* more = fresh;
            fresh = null;
            if (more == null && !runs->TryMoveOn())
            {
                more = TryTakePartial();
            }

            if (more != null)
            {
                OwnedRuns.Own(runs, more);
                _ = runs->TryMoveOn();
            }

            block = OwnedRuns.TryTake(runs, counted: 0);
            isReserved &= !runs->IsOpen;
        }

        RunSpace.Give(empty, keeps: true);
        return true;
    }

    /// <summary>A run without used blocks and without an owner; null if memory is exhausted.</summary>
    /// <safety>The run is the caller's.</safety>
    public unsafe BlockRun* TryMake()
    {
        BlockRun* run = RunSpace.TryTake();
        if (run != null)
        {
            run->Begin(_sizeClass, _count, Stride);
        }

        return run;
    }

    /// <summary>Takes a run back that <see cref="OwnedRuns.Turn"/> has given up.</summary>
    /// <safety>The caller gives up the run, which has no used block, no owner, and is in no list.</safety>
    public unsafe void TakeEmpty(BlockRun* run)
    {
        BlockRun* empty = null;
        using (_lock.Enter())
        {
            // This happens only after a block was freed twice. If the bit stayed, it would free a block of a later owner.
            if (run->IsReturned)
            {
                run->Owner->Returned.Remove(run);
                run->Collect();
            }

            KeepEmpty(run, ref empty);
        }

        RunSpace.Give(empty, keeps: true);
    }

    /// <summary>Collects what other threads have freed, and may take the runs with free blocks away from a thread.</summary>
    /// <param name="runs">The thread's runs of this class.</param>
    /// <param name="none">A word that stays 0.</param>
    /// <param name="visit">The kind of the visit.</param>
    /// <returns>Whether the runs were closed, so that the room of the current run is free.</returns>
    /// <safety>The caller is a visitor, and the owner is out; or the owner has ended. The word is never unmapped.</safety>
    public unsafe bool Visit(OwnedRuns* runs, ulong* none, RunVisit visit)
    {
        bool closes;
        bool wasOpen;
        BlockRun* empty = null;
        using (_lock.Enter())
        {
            closes = visit != RunVisit.Collect && (runs->WasIdle() || visit != RunVisit.Idle);
            wasOpen = runs->IsOpen;
            OwnedRuns.Collect(runs, ref empty);
            for (BlockRun* run = closes ? OwnedRuns.TryLeave(runs, none) : null; run != null; run = OwnedRuns.TryLeave(runs, none))
            {
                if (run->Used == 0)
                {
                    run->Next = empty;
                    empty = run;
                }
                else if (run->Used < run->Count)
                {
                    _partial.Add(&run->Link);
                }
            }

            if (visit == RunVisit.End)
            {
                runs->Number = 0;
            }
        }

        RunSpace.Give(empty, keeps: false);
        return closes && wasOpen;
    }

    /// <summary>Gives the memory of spare runs back, and of the free blocks between used ones.</summary>
    /// <param name="spareOnly">Whether the free blocks between used ones keep their memory.</param>
    public static void TrimAll(bool spareOnly)
    {
        foreach (RunClass each in s_all)
        {
            each.TrimSpare();
            if (!spareOnly)
            {
                each.DiscardFree();
            }
        }
    }

    private static RunClass[] MakeAll()
    {
        var all = new RunClass[Count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = new RunClass(i);
        }

        return all;
    }

    private void TrimSpare()
    {
        unsafe
        {
            // SAFETY: the run that is taken away belongs to this method.
            BlockRun* run;
            using (_lock.Enter())
            {
                run = _spare;
                _spare = null;
            }

            if (run != null)
            {
                run->Next = null;
                RunSpace.Give(run, keeps: false);
            }
        }
    }

    /// <summary>Gives the memory of the pages back in which no used block lies.</summary>
    private void DiscardFree()
    {
        using (_lock.Enter())
        {
            unsafe
            {
                // SAFETY: the list has runs without an owner, and ends with null. The lock keeps other threads from their blocks. Records stay mapped.
                for (var run = (BlockRun*)_partial.First; run != null; run = run->Next)
                {
                    if (run->HasFreed)
                    {
                        BlockRun.DiscardFree(run, FirstBlock(run), Stride);
                    }
                }
            }
        }
    }

    /// <summary>Takes the first blocks of a list back, until one of another class.</summary>
    /// <returns>The number of blocks.</returns>
    /// <inheritdoc cref="Give" path="/safety"/>
    private unsafe int GiveFirst(ReadOnlySpan<nint> blocks, ref BlockRun* empty, ref bool isWithinLimit)
    {
        using (_lock.Enter())
        {
            for (int i = 0; i < blocks.Length; i++)
            {
                BlockRun* run = BlockRun.Of(blocks[i]);
                if (run->SizeClass != _sizeClass)
                {
                    return i;
                }

                ulong owner = Volatile.Read(ref run->OwnerNumber);
                if (owner != 0)
                {
                    if (owner == run->Owner->Number)
                    {
                        isWithinLimit &= run->Owner->Returned.Add(run, blocks[i]);
                        continue;
                    }

                    // The thread has ended. This run was full, or it would have no owner.
                    run->OwnerNumber = 0;
                }

                GiveUnowned(run, blocks[i], ref empty);
            }
        }

        return blocks.Length;
    }

    /// <inheritdoc cref="TryBegin" path="/safety"/>
    private unsafe void GiveUnowned(BlockRun* run, nint block, ref BlockRun* empty)
    {
        int before = run->Used;
        _ = BlockRun.Give(run, block);
        if (run->Used == before)
        {
            return; // The block was freed twice.
        }

        run->HasFreed = true;
        if (run->Used == 0)
        {
            _partial.Remove(&run->Link);
            KeepEmpty(run, ref empty);
        }
        else if (before == run->Count)
        {
            _partial.Add(&run->Link);
        }
    }

    /// <summary>A run without used blocks, as the first one of the list; null if memory is exhausted.</summary>
    /// <safety>The caller holds the lock.</safety>
    private unsafe BlockRun* TryBegin()
    {
        BlockRun* run = _spare;
        _spare = null;
        run = run != null ? run : TryMake();
        if (run != null)
        {
            _partial.Add(&run->Link);
        }

        return run;
    }

    /// <summary>A run with free blocks, which is in no list any more; null if there is none.</summary>
    /// <inheritdoc cref="TryBegin" path="/safety"/>
    private unsafe BlockRun* TryTakePartial()
    {
        BlockRun* run = (BlockRun*)_partial.First;
        if (run != null)
        {
            _partial.Remove(&run->Link);
        }
        else
        {
            run = _spare;
            _spare = null;
        }

        return run;
    }

    /// <summary>Keeps a run without used blocks as the spare one, or adds it to a list.</summary>
    /// <inheritdoc cref="TryBegin" path="/safety"/>
    private unsafe void KeepEmpty(BlockRun* run, ref BlockRun* empty)
    {
        if (_spare == null)
        {
            _spare = run;
        }
        else
        {
            run->Next = empty;
            empty = run;
        }
    }
}
