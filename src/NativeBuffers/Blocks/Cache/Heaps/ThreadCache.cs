using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The free blocks that one thread keeps, and the shortest path to them.</summary>
/// <remarks>
/// <para>The language confines a scoped buffer to its thread. So one thread creates and disposes it, without lock and atomic operation.</para>
/// <para>Taking a block reads one thread-local pointer. Giving it back reads none, because the handle knows its bin. All other paths are out
/// of line: an inlined P/Invoke would make the JIT keep the caller's span in memory, and its loops would load it at each turn.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ThreadCache
{
    /// <summary>This thread's cache, as the bins at its start: the closed bin, then one for each size class. Null until the first miss.</summary>
    [ThreadStatic]
    private static unsafe Bin* t_bins;

    /// <summary>The cache that this thread does not use now: see <see cref="TurnAside"/>.</summary>
    [ThreadStatic]
    private static unsafe Bin* t_otherBins;

    /// <summary>Whether this thread uses a cache in which nothing is hot, or will make one when it first needs a cache.</summary>
    [ThreadStatic]
    private static bool t_isAside;

    /// <summary>The home of slots whose blocks no bin takes back: large, foreign and charged ones, and cached ones beyond the limits.</summary>
    public Bin Closed;

    /// <summary>The bins, by size class.</summary>
    public SizeClasses.Row<Bin> Bins;

    /// <summary>The borrows of this thread. Directly after the bins, so that one thread-local pointer leads to both.</summary>
    public BorrowRecords Borrows;

    /// <summary>The slots that other threads gave back, by size class.</summary>
    public SizeClasses.Row<RemoteFrees> Frees;

    /// <summary>The large blocks of this thread.</summary>
    public LargeBin Large;

    /// <summary>This thread's closes that wait for a barrier, and its slots on their way to their homes.</summary>
    public Outbox Outbox;

    /// <summary>The cache made before this one.</summary>
    public unsafe ThreadCache* NextCreated;

    /// <summary>True while the cache of an ended thread is being emptied. Under the lock of <see cref="ThreadCaches"/>.</summary>
    public bool IsReclaimed;

    /// <summary>True if no bin here ever has room, so that all blocks are asked for out of line.</summary>
    public bool IsAside;

    /// <summary>Per-thread state of the guard around the default allocator; 0 if there is none: see <see cref="Paths.InstrumentedPath"/>.</summary>
    public nint GuardState;

    /// <summary>The credits of the thread, for <see cref="Paths.ChargedPath"/>; null before it first needs them.</summary>
    public unsafe CreditTable.Row* Credits;

    /// <summary>
    /// The slot whose instrumented block was given back last; null if there is none. Its other words are unchanged, so that the next
    /// instrumented block needs little. Its allocations are not settled, and it counts among <see cref="SlotsHeld"/>.
    /// </summary>
    public unsafe Slot* Spare;

    /// <summary>
    /// Slots without a block for the next blocks of chosen allocators, each with an <see cref="AllocatorReference"/> of its own. Their
    /// allocations are not settled, and they count among <see cref="SlotsHeld"/>. A cache aside has none.
    /// </summary>
    public unsafe Slot* Kept;

    /// <summary>Slots without a block, for this thread's next blocks.</summary>
    public unsafe Slot* Vacant;

    /// <summary>The number of slots in <see cref="Kept"/>, and in <see cref="Vacant"/>.</summary>
    public int KeptCount, VacantCount;

    /// <summary>While no thread has this cache: the next such cache.</summary>
    public unsafe ThreadCache* NextUnused;

    /// <summary>The number of slots that came here, free or in use, less those that this thread gave away.</summary>
    public long SlotsHeld;

    /// <summary>The number of slots that other threads took away. Atomic operations only; so the thread's own count needs none.</summary>
    public long SlotsTakenAway;

    /// <summary>The bins of this thread for the heaps of pools, by the numbers of the heaps: see <see cref="HeapBins"/>.</summary>
    public unsafe HeapBins** Heaps;

    /// <summary>The length of <see cref="Heaps"/>.</summary>
    public int HeapCount;

    /// <summary>The number of heaps that had ended when this thread last gave up the bins of ended heaps.</summary>
    public long HeapsEnded;

    /// <summary>The runs for blocks without slots; null before this thread first needs one.</summary>
    public unsafe BareBins* Bare;

    /// <summary>The bytes that are reserved for the bins.</summary>
    public BinRoom Room;

    /// <summary>The hot blocks that visitors have taken, unless this thread was faster.</summary>
    public WithdrawnBlocks Withdrawn;

    /// <summary>The counts of this thread, and of those that had this cache before. The thread writes them, any thread reads them.</summary>
    public AllocationCounts Counts;

    /// <summary>This thread's cache, for callees that would pay for the look-up again; null if there is none.</summary>
    /// <remarks>In a loop that inlines this, the JIT moves the look-up of thread-local storage out of the loop.</remarks>
    /// <safety>It is the caller's thread's.</safety>
    public static unsafe Bin* Mine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => t_bins;
    }

    /// <summary>The cache that a bin is part of.</summary>
    /// <safety>The bin is part of a cache. Caches are never unmapped.</safety>
    public static unsafe ThreadCache* Of(Bin* bin) => (ThreadCache*)bin->Cache;

    /// <summary>This thread's cache; null until it is first needed. The bins come first in a cache.</summary>
    /// <safety>It is the caller's thread's.</safety>
    public static unsafe ThreadCache* CurrentOrNone => (ThreadCache*)t_bins;

    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes that was just freed.</summary>
    /// <returns>Null or <see cref="Bin.NoRoom"/> if there is none. Next: <see cref="Bin.StayClosed"/>.</returns>
    /// <param name="byteCount">In bytes; any number.</param>
    /// <param name="bin">The bin to try next, with <see cref="Bin.TryTake"/>; null when no bin keeps such blocks.</param>
    /// <safety>The slot and its block belong to the caller, on this thread, until <see cref="Paths.FreePath.Return"/>.</safety>
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

    /// <summary>Whether the hooks take the next block: it is a sample, or they take each block.</summary>
    /// <remarks>Only in an instrumented process. <see cref="AllocatorHooks.IsDue"/> decides for blocks that a bin counts.</remarks>
    /// <param name="bin">The bin of a call of <see cref="TakeHot"/> that has just returned no slot.</param>
    /// <param name="byteCount">The block's size.</param>
    /// <safety>The bin is this thread's.</safety>
    public static unsafe bool IsForHooks(Bin* bin, nuint byteCount)
    {
        if (AllocatorHooks.SeesAll || bin == null)
        {
            if (bin != null)
            {
                bin->UntilSample = 0;
            }

            return AllocatorHooks.SeesAll || AllocatorHooks.CountDown(byteCount);
        }

        return bin->UntilSample <= 0 && AllocatorHooks.IsDue(ref bin->UntilSample, SizeClasses.SizeOf(bin->SizeClass));
    }

    /// <summary>Whether a bin is one of this thread's for a size class. By addresses alone: it may be null.</summary>
    /// <safety>No pointer is followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsMineForSize(Bin* bin) => IsForSize(t_bins, bin);

    /// <summary>Whether a bin is one for a size class of the cache that begins with <paramref name="bins"/>. Both may be null.</summary>
    /// <safety>No pointer is followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsForSize(Bin* bins, Bin* bin) =>
        // The subtraction leaves out the closed bin, which comes first. So it leaves out null, too, on a thread without a cache.
        (nuint)((byte*)bin - (byte*)bins) - (nuint)sizeof(Bin) < (nuint)(SizeClasses.Count * sizeof(Bin));

    /// <summary>Whether a bin is one of this thread's, the closed one included. By addresses alone: it may be null.</summary>
    /// <safety>No pointer is followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsMine(Bin* bin)
    {
        // The thread's own first, on every path: then the JIT moves the look-up of thread-local storage out of loops.
        Bin* bins = t_bins;
        return bins != null && IsAmong(bins, bin);
    }

    /// <summary>Whether a bin is one of a thread's for a size class of a pool's heap. It may be null.</summary>
    /// <remarks>The home of blocks that no bin keeps is left out: see <see cref="Paths.PoolFreePath.ReturnRemotely"/>.</remarks>
    /// <param name="bins">This thread's <see cref="Mine"/>.</param>
    /// <param name="bin">The bin.</param>
    /// <safety>Bins are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsOfHeap(Bin* bins, Bin* bin) =>
        bin != null && bin->Cache == bins && !IsAmong(bins, bin) && bin->SizeClass >= 0;

    /// <summary>Whether a bin is one of this thread's.</summary>
    /// <param name="bin">Null, or part of a cache. Its thread may change during the call if it is not this thread.</param>
    /// <param name="records">This thread's borrow records, if so.</param>
    /// <safety>The records are for the caller's thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsHere(Bin* bin, out BorrowRecords* records)
    {
        records = Records(out Bin* bins);
        return bins != null && IsOf(bins, bin);
    }

    /// <summary>Whether a bin belongs to the thread whose cache begins with <paramref name="bins"/>. It may be null.</summary>
    /// <safety>Bins are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsOf(Bin* bins, Bin* bin) => bin != null && (IsAmong(bins, bin) || bin->Cache == bins);

    /// <summary>This thread's bins for a heap; null if there are none.</summary>
    /// <param name="bins">This thread's <see cref="Mine"/>.</param>
    /// <param name="number">The number of the heap.</param>
    /// <param name="id">The identity of the heap.</param>
    /// <safety>They are the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe HeapBins* BinsOf(Bin* bins, int number, ulong id)
    {
        var cache = (ThreadCache*)bins;
        if (cache != null && (uint)number < (uint)cache->HeapCount)
        {
            HeapBins* set = cache->Heaps[number];
            if (set != null && set->HeapId == id)
            {
                return set;
            }
        }

        return null;
    }

    /// <summary>Whether a bin is part of the cache that begins with <paramref name="bins"/>. By addresses alone: it may be null.</summary>
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
        if (cache == null)
        {
            throw NativeAllocator.Default.RefusalOf((nuint)sizeof(ThreadCache));
        }

        BorrowRecords.Publish(&cache->Borrows);
        return &cache->Borrows;
    }

    /// <summary>The bin of a size class.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe Bin* BinOf(ThreadCache* cache, int sizeClass) => (Bin*)&cache->Bins + sizeClass;

    /// <summary>The slots that other threads gave back to a cache, of one size class.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe RemoteFrees* FreesOf(ThreadCache* cache, int sizeClass) => (RemoteFrees*)&cache->Frees + sizeClass;

    /// <summary>
    /// Gives this thread a cache in which nothing is hot, or its usual cache again. So all its blocks are asked for out of line, and
    /// the shortest path needs no check.
    /// </summary>
    /// <param name="isAside">True for the cache in which nothing is hot.</param>
    public static void TurnAside(bool isAside)
    {
        unsafe
        {
            // SAFETY: both caches are this thread's, and are emptied when it has ended.
            if (t_isAside != isAside)
            {
                t_isAside = isAside;
                Bin* bins = t_bins;
                t_bins = t_otherBins;
                t_otherBins = bins;
                BareBins.Choose((ThreadCache*)t_bins);
            }
        }
    }

    /// <summary>This thread's cache if it keeps slots for chosen allocators; otherwise null.</summary>
    /// <safety>It is the caller's thread's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ThreadCache* WithKept()
    {
        Bin* bins = t_bins;
        return bins != null && Of(bins)->Kept != null ? Of(bins) : null;
    }

    /// <summary>This thread's cache, made when first needed; null when memory is exhausted.</summary>
    /// <exception cref="PlatformNotSupportedException">The library does not support this system.</exception>
    /// <safety>It is the caller's thread's.</safety>
    public static unsafe ThreadCache* Current()
    {
        Bin* bins = t_bins;
        if (bins != null)
        {
            return Of(bins);
        }

        ThisSystem.ThrowIfUnsupported();

        // This may call the program's own allocator, which may use buffers on this thread: so look again.
        Upkeep.ReclaimEnded(ThreadCaches.LooksOfNewThread);
        if (t_bins != null)
        {
            return Of(t_bins);
        }

        ThreadCache* cache = ThreadCaches.TryRegister(Thread.CurrentThread);
        if (cache != null)
        {
            cache->IsAside = t_isAside;
            t_bins = &cache->Closed;
            BareBins.Choose(cache);
            DiagnosticsRegistration.StartMetrics();
        }

        return cache;
    }

    /// <summary>The bin of a size class. A bin without room is opened first, if the limits of the caches allow it.</summary>
    /// <safety>The caller is this cache's thread.</safety>
    public unsafe Bin* Opened(int sizeClass)
    {
        Bin* bin = (Bin*)Unsafe.AsPointer(ref Bins) + sizeClass;
        bool isOpen = bin->HasRoom;
        if ((isOpen && bin->ReadHot() != (nint)Bin.NoRoom) || IsAside)
        {
            return bin;
        }

        if (!isOpen && Room.TryReserve(sizeClass))
        {
            isOpen = Depot.For(sizeClass).TryTakePair(out Magazine* loaded, out Magazine* previous);
            if (isOpen)
            {
                bin->Open(loaded, previous);
            }
            else
            {
                Room.Release(sizeClass);
                if (bin->ReadHot() == (nint)Bin.NoRoom && !Withdrawn.HasAny(sizeClass))
                {
                    Room.ReleaseHot(sizeClass);
                }
            }
        }

        // Last, because a visitor may have closed the place while this thread waited for a lock. Once more at the end: if the thread waited, its
        // SynchronizationContext may have used the bin.
        if (bin->ReadHot() == (nint)Bin.NoRoom && !WithdrawnBlocks.TryPutBack(Of(bin), sizeClass) && isOpen && Room.TryReserveHot(sizeClass)
            && bin->ReadHot() == (nint)Bin.NoRoom)
        {
            bin->Hot = null;
        }

        return bin;
    }
}
