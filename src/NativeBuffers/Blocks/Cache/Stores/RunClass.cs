using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The runs of one size class: blocks without slots come from them many at a time, and go back many at a time.</summary>
/// <remarks>
/// Blocks come from a run with used blocks if there is one, so that runs become empty. Only the lists change under the lock: pages
/// go back outside of it.
/// </remarks>
internal sealed class RunClass
{
    /// <summary>The number of size classes that have runs.</summary>
    public const int Count = 33;

    /// <summary>Lines as far apart lie in the same set of a small cache. So blocks of such sizes are a line further apart.</summary>
    private const int LinesApart = 4096;

    private static readonly RunClass[] s_all = MakeAll();

    private readonly UninterruptedLock _gate = new();
    private readonly int _sizeClass;

    /// <summary>The distance from one block to the next.</summary>
    private readonly int _stride;

    /// <summary>The number of blocks in a run.</summary>
    private readonly int _count;

    /// <summary>2^32 divided by the stride, rounded up: a multiplication finds the place of a block. Exact below 2^16.</summary>
    private readonly ulong _reciprocal;

    /// <summary>The runs that have free blocks and used ones.</summary>
    private unsafe BlockRun* _partial;

    /// <summary>A run without used blocks, or null. It keeps its memory, so that one block that comes and goes needs no new pages.</summary>
    private unsafe BlockRun* _spare;

    private RunClass(int sizeClass)
    {
        _sizeClass = sizeClass;
        int blockBytes = (int)SizeClasses.SizeOf(sizeClass);
        _stride = blockBytes + (blockBytes % LinesApart == 0 ? CacheLine.Size : 0);
        _count = BlockRun.Size / _stride;
        _reciprocal = ((1UL << 32) + (ulong)_stride - 1) / (ulong)_stride;
    }

    /// <summary>The runs of a size class below <see cref="Count"/>.</summary>
    public static RunClass For(int sizeClass) => s_all[sizeClass];

    /// <summary>Takes blocks.</summary>
    /// <param name="blocks">Their addresses, in the order of their places.</param>
    /// <returns>The number of blocks: less than asked for if memory is exhausted.</returns>
    /// <safety>The blocks are the caller's.</safety>
    public unsafe int Take(Span<nint> blocks)
    {
        Span<int> places = stackalloc int[int.Min(blocks.Length, Depot.MostCapacity)];
        int taken = 0;
        using (_gate.Enter())
        {
            while (taken < blocks.Length)
            {
                BlockRun* run = _partial != null ? _partial : TryBegin();
                if (run == null)
                {
                    break;
                }

                byte* start = BlockRun.Start(run) + ColourOf(run);
                int found = run->Take(places[..int.Min(places.Length, blocks.Length - taken)]);
                for (int i = 0; i < found; i++)
                {
                    blocks[taken++] = (nint)(start + (places[i] * _stride));
                }

                if (run->FreeCount == 0)
                {
                    Unlink(run);
                }
            }
        }

        return taken;
    }

    /// <summary>Gives blocks of any classes back.</summary>
    /// <param name="blocks">Their addresses.</param>
    /// <param name="keepsEmpty">Whether runs without used blocks may keep their memory.</param>
    /// <safety>The caller gives up the blocks, which lie in runs.</safety>
    public static unsafe void Give(ReadOnlySpan<nint> blocks, bool keepsEmpty)
    {
        BlockRun* empty = null;
        while (!blocks.IsEmpty)
        {
            // In most cases, all are of one class. An owner that was made smaller may have released a larger block.
            RunClass owner = For(BlockRun.Of(blocks[0])->SizeClass);
            blocks = blocks[owner.GiveFirst(blocks, ref empty)..];
        }

        if (empty != null)
        {
            RunSpace.Give(empty, keepsEmpty);
        }
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

    /// <summary>
    /// The distance of the first block from the start of its run: different in neighbouring runs, as far as the rest of a run allows (Bonwick's
    /// colours). It is less than the stride, so the place of a block follows from its address alone.
    /// </summary>
    /// <safety>The pointer is not followed.</safety>
    private unsafe int ColourOf(BlockRun* run)
    {
        int colours = ((BlockRun.Size - (_count * _stride)) / CacheLine.Size) + 1;
        return (int)((nuint)BlockRun.Start(run) / BlockRun.Size % (nuint)colours) * CacheLine.Size;
    }

    private void DiscardFree()
    {
        using (_gate.Enter())
        {
            unsafe
            {
                // SAFETY: this method has the lock, so no thread takes a block.
                for (BlockRun* run = _partial; run != null; run = run->Next)
                {
                    if (run->HasFreed)
                    {
                        BlockRun.DiscardFree(run, BlockRun.Start(run) + ColourOf(run), _stride, _count);
                    }
                }
            }
        }
    }

    private void TrimSpare()
    {
        unsafe
        {
            // SAFETY: the run that is taken away belongs to this method.
            BlockRun* run;
            using (_gate.Enter())
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

    /// <summary>Takes the first blocks of a list back, until one of another class.</summary>
    /// <returns>The number of blocks.</returns>
    /// <inheritdoc cref="Give" path="/safety"/>
    private unsafe int GiveFirst(ReadOnlySpan<nint> blocks, ref BlockRun* empty)
    {
        using (_gate.Enter())
        {
            for (int i = 0; i < blocks.Length; i++)
            {
                BlockRun* run = BlockRun.Of(blocks[i]);
                if (run->SizeClass != _sizeClass)
                {
                    return i;
                }

                if (run->FreeCount == 0)
                {
                    Link(run);
                }

                run->Give((int)(((ulong)(blocks[i] & (BlockRun.Size - 1)) * _reciprocal) >> 32));
                if (run->FreeCount == _count)
                {
                    Unlink(run);
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
        }

        return blocks.Length;
    }

    /// <summary>A run without used blocks, as the first one of the list; null if memory is exhausted.</summary>
    /// <safety>The caller holds the lock.</safety>
    private unsafe BlockRun* TryBegin()
    {
        BlockRun* run = _spare;
        _spare = null;
        if (run == null)
        {
            run = RunSpace.TryTake();
            if (run == null)
            {
                return null;
            }

            run->Begin(_sizeClass, _count);
        }

        Link(run);
        return run;
    }

    /// <inheritdoc cref="TryBegin" path="/safety"/>
    private unsafe void Link(BlockRun* run)
    {
        run->Before = null;
        run->Next = _partial;
        if (_partial != null)
        {
            _partial->Before = run;
        }

        _partial = run;
    }

    /// <inheritdoc cref="TryBegin" path="/safety"/>
    private unsafe void Unlink(BlockRun* run)
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
            _partial = run->Next;
        }
    }
}
