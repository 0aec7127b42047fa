using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The runs that one thread owns, by size class, for blocks without slots. Made when the thread first needs them, and never unmapped.</summary>
/// <remarks>
/// The thread gives its own blocks back to their runs. It keeps the blocks that lie in the runs of other threads, or in runs without an owner, until
/// there are many: then it frees them together, which takes the lock of their class once.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct BareBins
{
    /// <summary>The most blocks of other runs that are kept, and their most bytes. The number lets the runs begin at a cache line.</summary>
    private const int MostAway = 59, MostAwayBytes = BlockRun.Size;

    /// <summary>The number of the next thread. No number is used twice, so the full runs of an ended thread have no owner.</summary>
    private static ulong s_lastNumber;

    [ThreadStatic]
    private static unsafe BareBins* t_mine;

    /// <summary>The thread is inside while it uses its runs, or its blocks of other runs.</summary>
    public VisitGate Gate;

    /// <summary>The number by which the runs of this thread name their owner. Never 0.</summary>
    public ulong Number;

    /// <summary>A word that stays 0.</summary>
    private readonly ulong _none;

    /// <summary>The number of blocks that lie in other runs, and their bytes.</summary>
    private int _awayCount, _awayBytes;

    /// <summary>Whether room is reserved for the blocks that lie in other runs.</summary>
    private bool _keepsAway;

    private unsafe fixed long _away[MostAway];

    private Row _runs;

    /// <summary>This thread's runs, for the shortest path; null before the thread first needs them, and in a cache aside.</summary>
    /// <remarks>So the shortest path needs no check for a flow with hooks: see <see cref="ThreadCache.TurnAside"/>.</remarks>
    /// <safety>They are the caller's thread's.</safety>
    public static unsafe BareBins* Mine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => t_mine;
    }

    /// <summary>The runs of a size class.</summary>
    /// <safety>They are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe OwnedRuns* At(BareBins* bins, int sizeClass) => (OwnedRuns*)&bins->_runs + (uint)sizeClass;

    /// <summary>Chooses the runs for the shortest path, because this thread uses this cache from now on.</summary>
    /// <safety>The cache is this thread's, or null.</safety>
    public static unsafe void Choose(ThreadCache* cache) => t_mine = cache == null || cache->IsAside ? null : cache->Bare;

    /// <summary>This thread's runs; null when memory is exhausted, and in a cache aside.</summary>
    /// <safety>The cache is this thread's.</safety>
    public static unsafe BareBins* TryMake(ThreadCache* cache)
    {
        if (cache->IsAside)
        {
            // Perhaps it has runs, because an ended thread had it before. Blocks of a flow do not come from them.
            return null;
        }

        if (cache->Bare != null)
        {
            return cache->Bare;
        }

        BareBins* bins;
        try
        {
            FailPoint.ThrowIfRefused();
            bins = (BareBins*)NativeMemory.AlignedAlloc((nuint)sizeof(BareBins), CacheLine.Size);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }

        NativeMemory.Clear(bins, (nuint)sizeof(BareBins));
        bins->Number = Interlocked.Increment(ref s_lastNumber);
        for (int i = 0; i < RunClass.Count; i++)
        {
            At(bins, i)->Initialize(RunClass.For(i).Stride, &bins->_none);
        }

        // A release: a visitor that finds the bins finds them initialised.
        Volatile.Write(ref *(nint*)&cache->Bare, (nint)bins);
        Choose(cache);
        return bins;
    }

    /// <summary>Takes a block from another run; null if memory is exhausted, or a limit has no room for another run.</summary>
    /// <safety>The cache and the bins are this thread's. The block is the caller's.</safety>
    public static unsafe void* TryTakeNext(ThreadCache* cache, BareBins* bins, int sizeClass)
    {
        OwnedRuns* runs = At(bins, sizeClass);
        bins->Gate.Enter();
        void* block = runs->IsOpen && runs->TryMoveOn() ? OwnedRuns.TryTake(runs) : null;
        bins->Gate.Leave();
        return block != null ? block : TryFill(cache, bins, sizeClass);
    }

    /// <summary>Keeps a block that lies in a run of another thread, or frees it and all such blocks.</summary>
    /// <safety>The cache and the bins are this thread's. The caller gives up the block.</safety>
    public static unsafe void GiveAway(ThreadCache* cache, BareBins* bins, nint block)
    {
        int byteCount = (int)SizeClasses.SizeOf(BlockRun.Of(block)->SizeClass);
        bool isReserved = !bins->_keepsAway && cache->Room.TryReserveBare();
        bins->Gate.Enter();
        bins->_keepsAway |= isReserved;
        bool isKept = bins->_keepsAway && bins->_awayCount < MostAway && bins->_awayBytes + byteCount <= MostAwayBytes;
        if (isKept)
        {
            bins->_away[bins->_awayCount++] = block;
            bins->_awayBytes += byteCount;
        }

        bins->Gate.Leave();
        if (!isKept)
        {
            GiveAwayWith(bins, block);
        }
    }

    /// <summary>The number of blocks of a size class that the threads of a cache have ever taken from their runs. For any thread.</summary>
    /// <safety>Bins are never unmapped.</safety>
    public static unsafe long TakenCount(ThreadCache* cache, int sizeClass)
    {
        BareBins* bins = Published(cache);
        return bins == null || sizeClass >= RunClass.Count ? 0 : At(bins, sizeClass)->TakenCount;
    }

    /// <summary>The bytes that a thread keeps; a guess while the thread works.</summary>
    /// <safety>Bins are never unmapped.</safety>
    public static unsafe long BytesOf(ThreadCache* cache)
    {
        BareBins* bins = Published(cache);
        long sum = bins == null ? 0 : bins->_awayBytes;
        for (int i = 0; i < RunClass.Count && bins != null; i++)
        {
            sum += At(bins, i)->FreeCount * (long)SizeClasses.SizeOf(i);
        }

        return sum;
    }

    /// <summary>Announces a visit to a thread.</summary>
    /// <safety>The caller is a visitor.</safety>
    public static unsafe void Announce(ThreadCache* cache)
    {
        BareBins* bins = Published(cache);
        if (bins != null)
        {
            bins->Gate.Announce();
        }
    }

    /// <summary>Frees the blocks that a thread keeps and that lie in other runs. Next: <see cref="Visit"/>, after this call for all threads.</summary>
    /// <safety>The visit was announced, and a barrier of the whole process came after.</safety>
    public static unsafe void VisitAway(ThreadCache* cache)
    {
        BareBins* bins = Published(cache);
        if (bins != null && bins->Gate.IsAnnounced)
        {
            bins->Gate.WaitForOwner();
            GiveAllAway(cache, bins);
        }
    }

    /// <summary>Collects the blocks of a thread's runs that other threads have freed, and ends the visit.</summary>
    /// <safety>The visit was announced, and a barrier of the whole process came after.</safety>
    public static unsafe void VisitReturned(ThreadCache* cache)
    {
        BareBins* bins = Published(cache);
        if (bins == null || !bins->Gate.IsAnnounced)
        {
            return;
        }

        bins->Gate.WaitForOwner();
        for (int i = 0; i < RunClass.Count; i++)
        {
            _ = RunClass.For(i).Visit(At(bins, i), &bins->_none, RunVisit.Collect);
        }

        bins->Gate.EndVisit();
    }

    /// <summary>Takes the runs with free blocks from a thread: of all classes, or of those that were not used since.</summary>
    /// <remarks>The bins that the thread has made after <see cref="Announce"/> wait for the next visit.</remarks>
    /// <safety>The visit was announced, and a barrier of the whole process came after.</safety>
    public static unsafe void Visit(ThreadCache* cache, bool idleOnly)
    {
        BareBins* bins = Published(cache);
        if (bins == null || !bins->Gate.IsAnnounced)
        {
            return;
        }

        bins->Gate.WaitForOwner();
        for (int i = 0; i < RunClass.Count; i++)
        {
            if (RunClass.For(i).Visit(At(bins, i), &bins->_none, idleOnly ? RunVisit.Idle : RunVisit.All))
            {
                cache->Room.ReleaseBare();
            }
        }

        bins->Gate.EndVisit();
    }

    /// <summary>Takes all runs from a thread that has ended.</summary>
    /// <safety>The thread has ended, and a barrier of the whole process came after.</safety>
    public static unsafe void Empty(ThreadCache* cache)
    {
        BareBins* bins = cache->Bare;
        if (bins == null)
        {
            return;
        }

        GiveAllAway(cache, bins);
        for (int i = 0; i < RunClass.Count; i++)
        {
            if (RunClass.For(i).Visit(At(bins, i), &bins->_none, RunVisit.End))
            {
                cache->Room.ReleaseBare();
            }
        }

        // For the next thread with this cache.
        bins->Number = Interlocked.Increment(ref s_lastNumber);
    }

    /// <safety>As for <see cref="TryTakeNext"/>.</safety>
    private static unsafe void* TryFill(ThreadCache* cache, BareBins* bins, int sizeClass)
    {
        OwnedRuns* runs = At(bins, sizeClass);
        RunClass source = RunClass.For(sizeClass);
        void* block = null;
        BlockRun* fresh = null;
        bool isReserved = false;
        while (runs->IsOpen || isReserved || (isReserved = cache->Room.TryReserveBare()))
        {
            // Only this thread opens the runs. A visitor may close them, and release their room: then this thread tries again.
            if (source.TryFill(runs, bins->Number, ref fresh, ref isReserved, out block)
                && (block != null || (fresh = source.TryMake()) == null))
            {
                break;
            }
        }

        if (block != null)
        {
            // In this order, so that a census which finds the block knows that it was fresh.
            AllocationCounts.Add(ref cache->Counts.Fresh[sizeClass], 1);
            runs->CountTaken();
        }

        if (isReserved)
        {
            cache->Room.ReleaseBare();
        }

        if (fresh != null)
        {
            fresh->Next = null;
            RunSpace.Give(fresh, keeps: true);
        }

        return block;
    }

    /// <summary>Frees the blocks that lie in other runs, and one more such block.</summary>
    /// <safety>As for <see cref="GiveAway"/>.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void GiveAwayWith(BareBins* bins, nint block)
    {
        Span<nint> blocks = stackalloc nint[MostAway + 1];
        bins->Gate.Enter();
        int count = TakeAway(bins, blocks);
        bins->Gate.Leave();
        blocks[count] = block;
        if (!RunClass.Give(blocks[..(count + 1)], keepsEmpty: true))
        {
            // The limit gets room when the owners learn that these runs are free. They may not ask for blocks, so a visit tells them.
            Upkeep.CollectReturned();
        }
    }

    /// <summary>Frees the blocks that lie in other runs, and releases their room.</summary>
    /// <safety>The caller is a visitor, and the owner is out; or the owner has ended.</safety>
    private static unsafe void GiveAllAway(ThreadCache* cache, BareBins* bins)
    {
        Span<nint> blocks = stackalloc nint[MostAway];
        int count = TakeAway(bins, blocks);
        if (bins->_keepsAway)
        {
            bins->_keepsAway = false;
            cache->Room.ReleaseBare();
        }

        _ = RunClass.Give(blocks[..count], keepsEmpty: false);
    }

    /// <summary>Takes the blocks that lie in other runs.</summary>
    /// <returns>Their number.</returns>
    /// <safety>The caller is the owner, inside; or a visitor. The blocks are the caller's.</safety>
    private static unsafe int TakeAway(BareBins* bins, Span<nint> blocks)
    {
        int count = bins->_awayCount;
        for (int i = 0; i < count; i++)
        {
            blocks[i] = (nint)bins->_away[i];
        }

        bins->_awayCount = bins->_awayBytes = 0;
        return count;
    }

    /// <safety>Bins are never unmapped.</safety>
    private static unsafe BareBins* Published(ThreadCache* cache) => (BareBins*)Volatile.Read(ref *(nint*)&cache->Bare);

    /// <summary>The runs of each class.</summary>
    [InlineArray(RunClass.Count)]
    private struct Row
    {
        private OwnedRuns _first;
    }
}
