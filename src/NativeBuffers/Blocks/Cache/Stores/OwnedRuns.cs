using System.Numerics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The runs of one size class that one thread owns: it alone takes blocks from them, and frees its own blocks there without a lock.</summary>
/// <remarks>
/// <para>The current run serves the next blocks. The runs that have free blocks and used ones are in a list. Full runs are in none: the free of
/// a block leads to its run. A run without used blocks goes back, but the current one stays.</para>
/// <para>The owner and visitors take turns at a <see cref="VisitGate"/>, which all runs of the thread share.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = CacheLine.Size)]
internal struct OwnedRuns
{
    /// <summary>The bits of the blocks that are taken next, in the current run. A word without a bit if there is no current run.</summary>
    private unsafe ulong* _word;

    /// <summary>The block of the word's first bit.</summary>
    private unsafe byte* _first;

    private unsafe BlockRun* _current;

    /// <summary>The other runs with free blocks.</summary>
    private RunList _partial;

    /// <summary>The runs of this thread that have blocks which other threads have freed. Under the lock of the <see cref="RunClass"/>.</summary>
    public ReturnedRuns Returned;

    /// <summary>The number of the thread; 0 after its end. It is written under the lock of the <see cref="RunClass"/>.</summary>
    public ulong Number;

    /// <summary>The state at the last visit, as one number: see <see cref="WasIdle"/>.</summary>
    private ulong _seen;

    /// <summary>The distance from one block to the next.</summary>
    private nint _stride;

    /// <summary>Whether there is a current run, for which room is reserved.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public readonly unsafe bool IsOpen => _current != null;

    /// <summary>The free blocks of the current run; a guess while the owner works.</summary>
    /// <safety>Records of runs are never unmapped.</safety>
    public readonly unsafe int FreeCount
    {
        get
        {
            BlockRun* current = _current;
            return current == null ? 0 : int.Max(0, current->Count - current->Used);
        }
    }

    /// <summary>Makes it empty.</summary>
    /// <param name="stride">The distance from one block to the next.</param>
    /// <param name="none">A word that stays 0.</param>
    /// <safety>No thread uses it yet. The word is never unmapped.</safety>
    public unsafe void Initialize(int stride, ulong* none)
    {
        this = default;
        _stride = stride;
        _word = none;
    }

    /// <summary>Takes a block; null if the word has no bit.</summary>
    /// <safety>The caller is the owner, inside. The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* TryTake(OwnedRuns* runs)
    {
        ulong* word = runs->_word;
        ulong free = *word;
        if (free == 0)
        {
            return null;
        }

        *word = free & (free - 1);
        runs->_current->Used++;
        return runs->_first + ((nint)(uint)BitOperations.TrailingZeroCount(free) * runs->_stride);
    }

    /// <summary>Goes to the next word with a bit, in the current run or in the next one; false if these runs have no free block.</summary>
    /// <safety>The caller is the owner, inside.</safety>
    public unsafe bool TryMoveOn()
    {
        BlockRun* run = _current;
        if (run == null || run->Used == run->Count)
        {
            BlockRun* next = _partial.First;
            if (next == null)
            {
                return false;
            }

            if (run != null)
            {
                run->TurnsAt = run->Count - 1;
            }

            _partial.Remove(next);
            next->TurnsAt = BlockRun.NeverTurns;
            _current = run = next;
        }

        _word = BlockRun.FirstFree(run, out int place);
        _first = RunClass.For(run->SizeClass).FirstBlock(run) + (place * _stride);
        return true;
    }

    /// <summary>Looks at the lists after a free of the owner: the run was full, or has no used block any more.</summary>
    /// <returns>Whether the run has left, and goes to <see cref="RunClass.TakeEmpty"/>.</returns>
    /// <safety>The caller is the owner, inside, and <see cref="BlockRun.Used"/> is <see cref="BlockRun.TurnsAt"/>.</safety>
    public unsafe bool Turn(BlockRun* run)
    {
        if (run->Used != 0)
        {
            run->TurnsAt = 0;
            _partial.Add(run);
            return false;
        }

        _partial.Remove(run);

        // A release: a thread that frees a block for the second time, and finds no owner here, finds the block free, too.
        Volatile.Write(ref run->OwnerNumber, 0);
        return true;
    }

    /// <summary>Takes over a run that has free blocks.</summary>
    /// <safety>The caller is the owner, inside, and holds the lock. The run has no owner, and is in no list.</safety>
    public static unsafe void Own(OwnedRuns* runs, BlockRun* run)
    {
        run->Owner = runs;
        run->OwnerNumber = runs->Number;
        run->TurnsAt = 0;
        runs->_partial.Add(run);
    }

    /// <summary>Collects the blocks that other threads have freed.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="empty">A list of runs without used blocks, which have no owner any more.</param>
    /// <safety>The caller holds the lock, and is the owner, inside, or a visitor.</safety>
    public static unsafe void Collect(OwnedRuns* runs, ref BlockRun* empty)
    {
        for (BlockRun* run = runs->Returned.TryTake(); run != null; run = runs->Returned.TryTake())
        {
            if (run->OwnerNumber != runs->Number)
            {
                // Only if a block was freed twice: the owner has given the run up, and asks for this lock now. No bit may stay.
                run->Collect();
                continue;
            }

            bool wasFull = run->TurnsAt == run->Count - 1;
            run->Collect();
            if (run == runs->_current || (wasFull && run->Used == run->Count))
            {
                continue;
            }

            if (!wasFull)
            {
                runs->_partial.Remove(run);
            }

            if (run->Used == 0)
            {
                run->OwnerNumber = 0;
                run->Next = empty;
                empty = run;
            }
            else
            {
                run->TurnsAt = 0;
                runs->_partial.Add(run);
            }
        }
    }

    /// <summary>Gives up the runs with free blocks. Full runs keep their owner.</summary>
    /// <returns>A run that is the caller's, and may be full; null if there are no more.</returns>
    /// <param name="runs">The runs.</param>
    /// <param name="none">A word that stays 0.</param>
    /// <safety>The caller holds the lock, and is a visitor, or the owner has ended. The word is never unmapped.</safety>
    public static unsafe BlockRun* TryLeave(OwnedRuns* runs, ulong* none)
    {
        BlockRun* run = runs->_current;
        if (run != null)
        {
            runs->_current = null;
            runs->_word = none;
        }
        else
        {
            run = runs->_partial.First;
            if (run == null)
            {
                return null;
            }

            runs->_partial.Remove(run);
        }

        run->OwnerNumber = 0;
        run->HasFreed = true;
        return run;
    }

    /// <summary>Whether no block was taken or freed here since the last call. Equal numbers by chance cost time, and nothing else.</summary>
    /// <safety>The caller is a visitor, and the owner is out.</safety>
    public unsafe bool WasIdle()
    {
        ulong now = IsOpen ? (ulong)_current + ((*_word + (uint)_current->Used) * 0x9E3779B97F4A7C15) : 0;
        bool same = now == _seen;
        _seen = now;
        return same;
    }
}
