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
    private RecordList _partial;

    /// <summary>The runs of this thread that have blocks which other threads have freed. Under the lock of the <see cref="RunClass"/>.</summary>
    public ReturnedRuns Returned;

    /// <summary>The number of the thread; 0 after its end. It is written under the lock of the <see cref="RunClass"/>.</summary>
    public ulong Number;

    /// <summary>The number of blocks that were taken, by this thread and by those that had its cache before.</summary>
    private long _taken;

    /// <summary>The distance from one block to the next.</summary>
    private uint _stride;

    /// <summary>The state at the last visit, as one number: see <see cref="WasIdle"/>.</summary>
    private uint _seen;

    /// <summary>Whether there is a current run, for which room is reserved.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public readonly unsafe bool IsOpen => _current != null;

    /// <summary>The number of blocks that were ever taken here. For any thread.</summary>
    public long TakenCount => Volatile.Read(ref _taken);

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
        _stride = (uint)stride;
        _word = none;
    }

    /// <summary>Takes a block; null if the word has no bit.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="counted">1, or 0 if the caller counts the block later, by <see cref="CountTaken"/>.</param>
    /// <safety>The caller is the owner, inside. The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* TryTake(OwnedRuns* runs, int counted = 1)
    {
        ulong* word = runs->_word;
        ulong free = *word;
        if (free == 0)
        {
            return null;
        }

        *word = free & (free - 1);
        runs->_current->Used = runs->_current->Used + 1;
        runs->_taken = runs->_taken + counted;
        return runs->_first + ((uint)BitOperations.TrailingZeroCount(free) * runs->_stride);
    }

    /// <summary>Counts a block that was taken.</summary>
    public void CountTaken() => AllocationCounts.Add(ref _taken, 1);

    /// <summary>Goes to the next word with a bit, in the current run or in the next one; false if these runs have no free block.</summary>
    /// <safety>The caller is the owner, inside.</safety>
    public unsafe bool TryMoveOn()
    {
        BlockRun* run = _current;
        if (run == null || run->Used == run->Count)
        {
            BlockRun* next = (BlockRun*)_partial.First;
            if (next == null)
            {
                return false;
            }

            if (run != null)
            {
                run->TurnsAt = run->Count - 1;
            }

            _partial.Remove(&next->Link);
            next->TurnsAt = BlockRun.NeverTurns;
            _current = run = next;
        }

        _word = BlockRun.FirstFree(run, out int place);
        _first = RunClass.For(run->SizeClass).FirstBlock(run) + ((uint)place * _stride);
        return true;
    }

    /// <summary>Looks at the lists after a free of the owner: the run was full, or has no used block any more.</summary>
    /// <returns>Whether the run has left, and goes to <see cref="RunClass.TakeEmpty"/>.</returns>
    /// <safety>The caller is the owner, inside, and <see cref="BlockRun.Used"/> is <see cref="BlockRun.TurnsAt"/>.</safety>
    public unsafe bool Turn(BlockRun* run)
    {
        // The next visit finds a change, even if no block was taken.
        _seen--;
        if (run->Used != 0)
        {
            run->TurnsAt = 0;
            _partial.Add(&run->Link);
            return false;
        }

        _partial.Remove(&run->Link);

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
        runs->_partial.Add(&run->Link);
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
                runs->_partial.Remove(&run->Link);
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
                runs->_partial.Add(&run->Link);
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
            run = (BlockRun*)runs->_partial.First;
            if (run == null)
            {
                return null;
            }

            runs->_partial.Remove(&run->Link);
        }

        run->OwnerNumber = 0;
        run->HasFreed = true;
        return run;
    }

    /// <summary>Whether no block was taken since the last call, none was freed in the current run, and no other run has turned.</summary>
    /// <remarks>Equal numbers by chance cost time, and nothing else.</remarks>
    /// <safety>The caller is a visitor, and the owner is out.</safety>
    public unsafe bool WasIdle()
    {
        uint now = (uint)_taken + (IsOpen ? (uint)_current->Used * 0x9E3779B1 : 0);
        bool same = now == _seen;
        _seen = now;
        return same;
    }
}
