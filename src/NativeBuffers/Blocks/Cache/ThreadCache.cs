using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The free blocks that one thread keeps, and the way to them.</summary>
/// <remarks>
/// <para>A scoped buffer is a ref struct, which the language confines to its thread. So the thread that disposes it is
/// the one that created it, and neither needs a lock or an atomic operation.</para>
/// <para>Taking a block reads one thread-local pointer; giving it back reads none, because the lease knows its bin.
/// What is not on the shortest path is out of line: an inlined P/Invoke would make the JIT keep the caller's span in
/// memory instead of registers, and its loops would load it at each turn.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ThreadCache
{
    /// <summary>This thread's cache, as what it begins with: the closed bin, then one for each size class. Null until the first miss.</summary>
    [ThreadStatic]
    private static unsafe Bin* t_bins;

    /// <summary>The cache that this thread does not use now: see <see cref="TurnAside"/>.</summary>
    [ThreadStatic]
    private static unsafe Bin* t_otherBins;

    /// <summary>The home of slots whose blocks no bin takes back: large ones, other allocators', those over the budget.</summary>
    public Bin Closed;

    public BinRow Row;

    /// <summary>What this thread borrows. Behind the row, so that one thread-local pointer leads to both.</summary>
    public BorrowRecords Borrows;

    /// <summary>What other threads gave back, by size class.</summary>
    public RemoteFreesRow Returns;

    /// <summary>The cache made before this one.</summary>
    public unsafe ThreadCache* NextCreated;

    /// <summary>The one whose thread began to borrow before this one's.</summary>
    public unsafe ThreadCache* NextBorrowing;

    /// <summary>True while the cache of an ended thread is being emptied. Under the lock of <see cref="ThreadCaches"/>.</summary>
    public bool IsReclaimed;

    /// <summary>True if no bin here ever has room, so that all blocks are asked for out of line.</summary>
    public bool IsAside;

    /// <summary>What stands in front of the default allocator keeps its word of this thread here: see <see cref="InstrumentedPath"/>.</summary>
    public nint Watched;

    /// <summary>
    /// The slot whose watched block was given back last; null if there is none. Nothing else has changed in it, so that the next
    /// watched block needs little; its loans are not settled, and it counts among <see cref="SlotsHeld"/>.
    /// </summary>
    public unsafe Slot* Spare;

    /// <summary>Slots without a block, for this thread's next ones.</summary>
    public unsafe Slot* Vacant;

    /// <summary>How many those are.</summary>
    public int VacantCount;

    /// <summary>While no thread has this cache: the next such one.</summary>
    public unsafe ThreadCache* NextUnused;

    /// <summary>How many slots came here, free ones and those in use, less those that this thread gave away.</summary>
    public long SlotsHeld;

    /// <summary>How many slots others took away. Atomic operations only; the thread's own count needs none for that.</summary>
    public long SlotsTakenAway;

    /// <summary>What this thread has reserved of the budget, in bytes. Visitors release some of it.</summary>
    public long ReservedBytes;

    /// <summary>What was counted on this thread, and on those that had this cache before. The thread writes, anybody reads.</summary>
    public AllocationCounts Counts;

    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes that was just freed; null when there is none.</summary>
    /// <param name="byteCount">In bytes; any number.</param>
    /// <param name="bin">Where to look next, with <see cref="Bin.TryTake"/>; null when no bin keeps such blocks.</param>
    /// <safety>The slot and its block belong to the caller, on this thread, until <see cref="FreePath.Return"/>.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TakeHot(ulong byteCount, out Bin* bin)
    {
        // One comparison refuses zero (which wraps), negative lengths (huge as unsigned) and blocks too large to cache.
        ulong last = byteCount - 1;
        if (last < SizeClasses.Largest)
        {
            Bin* bins = t_bins;
            if (bins != null)
            {
                bin = bins + 1 + SizeClasses.OfLast((uint)last);
                if (InstrumentationSwitch.IsOn && --bin->UntilSample <= 0)
                {
                    return null;
                }

                Slot* slot = bin->Hot;
                bin->Hot = null;
                return slot;
            }
        }

        bin = null;
        return null;
    }

    /// <summary>Whether a block may come from the cache, where samples are taken: it is none.</summary>
    /// <param name="bin">Of which <see cref="TakeHot"/> has just given nothing; null if there is none.</param>
    /// <param name="byteCount">The block's size.</param>
    /// <safety>The bin is this thread's.</safety>
    public static unsafe bool IsNoSample(Bin* bin, nuint byteCount)
    {
        if (AllocatorHooks.SeesAll || bin == null)
        {
            if (bin != null)
            {
                bin->UntilSample = 0;
            }

            return !AllocatorHooks.SeesAll && !AllocatorHooks.CountDown(byteCount);
        }

        return bin->UntilSample > 0 || !AllocatorHooks.IsDue(ref bin->UntilSample, SizeClasses.SizeOf(bin->SizeClass));
    }

    /// <summary>Whether a bin is one of this thread's for a size class. By addresses alone: it may be null.</summary>
    /// <safety>No pointer is followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsMineForSize(Bin* bin) =>
        // The closed bin comes first. So null on a thread without a cache is not its own, although both are 0.
        (nuint)((byte*)bin - (byte*)t_bins) - (nuint)sizeof(Bin) < (nuint)(SizeClasses.Count * sizeof(Bin));

    /// <summary>Whether a bin is one of this thread's, the closed one included. By addresses alone: it may be null.</summary>
    /// <safety>No pointer is followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsMine(Bin* bin)
    {
        // The thread's own first, on every path: then the JIT moves the look-up of thread-local storage out of loops.
        Bin* bins = t_bins;
        return bins != null && IsAmong(bins, bin);
    }

    /// <summary>Whether a bin is one of this thread's.</summary>
    /// <param name="bin">Null, or part of a cache; of which thread, may change meanwhile if it is not this one.</param>
    /// <param name="records">This thread's, if it is.</param>
    /// <safety>The records are for the caller's thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsHere(Bin* bin, out BorrowRecords* records)
    {
        records = Records(out Bin* bins);
        return bin != null && bins != null && IsAmong(bins, bin);
    }

    /// <summary>Whether a bin is part of the cache with these, the closed one included. By addresses alone: it may be null.</summary>
    /// <safety>No pointer is followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsAmong(Bin* bins, Bin* bin) =>
        (nuint)((byte*)bin - (byte*)bins) < (nuint)((SizeClasses.Count + 1) * sizeof(Bin));

    /// <summary>This thread's borrow records; null when it has none yet: see <see cref="MakeRecords"/>.</summary>
    /// <safety>They are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe BorrowRecords* Records(out Bin* bins)
    {
        bins = t_bins;
        return (BorrowRecords*)(bins + 1 + SizeClasses.Count);
    }

    /// <summary>This thread's borrow records, made if need be.</summary>
    /// <safety>They are the caller's thread's.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static unsafe BorrowRecords* MakeRecords()
    {
        ThreadCache* cache = Current();
        if (cache != null && BorrowRecords.IsClosed(&cache->Borrows))
        {
            Borrowers.Add(cache);
            BorrowRecords.Open(&cache->Borrows);
        }

        return cache != null ? &cache->Borrows : throw NativeAllocator.Default.RefusalOf((nuint)sizeof(ThreadCache));
    }

    /// <summary>What others gave back to a cache, of one size class.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe RemoteFrees* QueueOf(ThreadCache* cache, int sizeClass) => (RemoteFrees*)&cache->Returns + sizeClass;

    /// <summary>Gives the room of a bin that was closed back to the budget.</summary>
    public void Release(int sizeClass)
    {
        long byteCount = RoomOf(sizeClass);
        Interlocked.Add(ref ReservedBytes, -byteCount);
        CacheBudget.Release(byteCount);
    }

    /// <summary>Moves the blocks that this thread freed last to the depot.</summary>
    public static void FlushHot()
    {
        unsafe
        {
            // SAFETY: the bins are this thread's.
            Bin* bins = t_bins;
            for (int i = 0; bins != null && i < SizeClasses.Count; i++)
            {
                Bin* bin = bins + 1 + i;
                Slot* hot = bin->Hot;
                if (hot != null)
                {
                    bin->Hot = null;
                    bin->Cache->SlotsHeld--;
                    Depot.For(i).GiveOne(hot);
                }
            }
        }
    }

    /// <summary>
    /// Gives this thread a cache in which nothing is hot, or the one it had. So all its blocks are asked for out of line, and
    /// nothing on the shortest path has to ask whether they should.
    /// </summary>
    /// <param name="isAside">Whether the thread is to work aside from its usual cache.</param>
    public static void TurnAside(bool isAside)
    {
        unsafe
        {
            // SAFETY: both caches are this thread's, and are emptied when it has ended.
            Bin* bins = t_bins;
            if ((bins != null && bins->Cache->IsAside) != isAside)
            {
                t_bins = t_otherBins;
                t_otherBins = bins;
                if (isAside && t_bins == null)
                {
                    ThreadCache* cache = Current();
                    if (cache != null)
                    {
                        cache->IsAside = true;
                    }
                }
            }
        }
    }

    /// <summary>This thread's cache, made when first needed; null when memory is exhausted.</summary>
    /// <exception cref="PlatformNotSupportedException">The library does not support this system.</exception>
    /// <safety>It is the caller's thread's.</safety>
    public static unsafe ThreadCache* Current()
    {
        Bin* bins = t_bins;
        if (bins != null)
        {
            return bins->Cache;
        }

        ThisSystem.ThrowIfUnsupported();

        // This may call an allocator of the user's own, and that may use buffers on this thread: so look again.
        ThreadCaches.ReclaimEnded();
        if (t_bins != null)
        {
            return t_bins->Cache;
        }

        ThreadCache* cache = ThreadCaches.TryRegister(Thread.CurrentThread);
        if (cache != null)
        {
            t_bins = &cache->Closed;
            DiagnosticsRegistration.StartMetrics!();
        }

        return cache;
    }

    /// <summary>The bin of a size class; while it has no room, the budget is asked for some.</summary>
    /// <safety>The caller is this cache's thread.</safety>
    public unsafe Bin* Opened(int sizeClass)
    {
        Bin* bin = (Bin*)Unsafe.AsPointer(ref Row) + sizeClass;
        if (bin->HasRoom || IsAside)
        {
            return bin;
        }

        if (TryReserve(sizeClass))
        {
            DepotBin depotBin = Depot.For(sizeClass);
            Magazine* loaded = depotBin.TryTakeEmpty();
            Magazine* previous = depotBin.TryTakeEmpty();
            if (loaded != null && previous != null)
            {
                bin->Open(loaded, previous);
            }
            else
            {
                depotBin.Give(loaded);
                depotBin.Give(previous);
                Release(sizeClass);
            }
        }

        return bin;
    }

    private bool TryReserve(int sizeClass)
    {
        long byteCount = RoomOf(sizeClass);
        if (Interlocked.Add(ref ReservedBytes, byteCount) <= CacheBudget.ThreadLimit && CacheBudget.TryReserve(byteCount))
        {
            return true;
        }

        Interlocked.Add(ref ReservedBytes, -byteCount);
        return false;
    }

    /// <summary>What an open bin may hold, in bytes: two magazines, and the hot block.</summary>
    private static long RoomOf(int sizeClass) =>
        ((2 * Bin.CapacityOf(sizeClass)) + 1) * (long)SizeClasses.SizeOf(sizeClass);

    /// <summary>A queue for each size class.</summary>
    [InlineArray(SizeClasses.Count)]
    internal struct RemoteFreesRow
    {
        private RemoteFrees _first;
    }

    /// <summary>A bin for each size class.</summary>
    [InlineArray(SizeClasses.Count)]
    internal struct BinRow
    {
        private Bin _first;
    }
}
