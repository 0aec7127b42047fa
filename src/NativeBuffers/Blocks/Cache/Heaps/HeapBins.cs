using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The bins of one pool's heap that one thread uses, found by the number of the heap: see <see cref="ThreadCache.BinsOf"/>.</summary>
/// <remarks>
/// Bins are made when the thread first needs their size class. When the heap has ended, the whole set is used again: by the thread for
/// the next heap with this number, or by any thread (<see cref="Sweep"/>). It is never unmapped.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct HeapBins
{
    private static readonly UninterruptedLock s_lock = new();

    /// <summary>The sets that no thread has.</summary>
    private static unsafe HeapBins* s_unused;

    /// <summary>The home of slots that no bin takes back: large blocks, and blocks above the limit.</summary>
    public HeapBin Closed;

    /// <summary>The identity of the heap; 0 after its end. Numbers are given again, identities are not.</summary>
    public ulong HeapId;

    /// <summary>The number of the heap.</summary>
    public int Number;

    /// <summary>The next set of the same heap. Under the lock of the heap.</summary>
    public unsafe HeapBins* NextOfHeap;

    private unsafe HeapBins* _nextUnused;

    private SizeClasses.Row<nint> _bins;

    /// <summary>The number of sets that no thread has: for tests. Slow.</summary>
    public static int UnusedCount
    {
        get
        {
            int count = 0;
            using (s_lock.Enter())
            {
                unsafe
                {
                    // SAFETY: the list changes only under the lock, and sets are never unmapped.
                    for (HeapBins* set = s_unused; set != null; set = set->_nextUnused)
                    {
                        count++;
                    }
                }
            }

            return count;
        }
    }

    /// <summary>The bin of a size class; <see cref="Closed"/> if the thread has not used the class yet.</summary>
    /// <safety>Sets are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe HeapBin* At(HeapBins* set, uint sizeClass) => (HeapBin*)((nint*)&set->_bins)[sizeClass];

    /// <summary>The bin of a size class, made if need be; <see cref="Closed"/> when memory is exhausted.</summary>
    /// <safety>The set is this thread's.</safety>
    public static unsafe HeapBin* Make(HeapBins* set, int sizeClass)
    {
        HeapBin* bin = At(set, (uint)sizeClass);
        if (bin == &set->Closed)
        {
            HeapBin* made = HeapBin.TryCreate(set, ThreadCache.Of(&bin->Bin), sizeClass);
            if (made != null)
            {
                // Zeroed and initialised before a visitor can find the bin.
                Volatile.Write(ref ((nint*)&set->_bins)[sizeClass], (nint)made);
                bin = made;
            }
        }

        return bin;
    }

    /// <summary>This thread's set for a heap, made if need be; null when memory is exhausted. The heap does not know the set yet.</summary>
    /// <safety>The cache is this thread's, and has no set for this heap.</safety>
    public static unsafe HeapBins* TryMake(ThreadCache* cache, int number)
    {
        Sweep(cache);
        if (number >= cache->HeapCount && !TryGrow(cache, number))
        {
            return null;
        }

        // The set of an earlier heap with this number serves again.
        HeapBins* set = cache->Heaps[number];
        set = set != null ? set : TakeUnused();
        if (set != null)
        {
            MoveTo(set, cache);
        }
        else
        {
            set = TryCreate(cache);
        }

        if (set != null)
        {
            set->Number = number;
            cache->Heaps[number] = set;
        }

        return set;
    }

    /// <summary>Gives up the sets of heaps that have ended, once as many heaps have ended as the thread has places for.</summary>
    /// <safety>The cache is this thread's, or its thread has ended.</safety>
    public static unsafe void Sweep(ThreadCache* cache, bool always = false)
    {
        long ended = PoolHeaps.EndedCount;
        if (!always && ended - cache->HeapsEnded < cache->HeapCount)
        {
            return;
        }

        cache->HeapsEnded = ended;
        for (int i = 0; i < cache->HeapCount; i++)
        {
            HeapBins* set = cache->Heaps[i];
            if (set != null && Volatile.Read(ref set->HeapId) == 0)
            {
                // A stale handle of this thread must not take a bin for its own that the next thread uses.
                MoveTo(set, Bin.NoCache);
                cache->Heaps[i] = null;
                using (s_lock.Enter())
                {
                    set->_nextUnused = s_unused;
                    s_unused = set;
                }
            }
        }
    }

    /// <summary>A set that no thread has; null if there is none.</summary>
    /// <safety>The set is the caller's.</safety>
    private static unsafe HeapBins* TakeUnused()
    {
        using (s_lock.Enter())
        {
            HeapBins* set = s_unused;
            if (set != null)
            {
                s_unused = set->_nextUnused;
            }

            return set;
        }
    }

    /// <summary>A set without bins; null when memory is exhausted.</summary>
    /// <safety>The set is the caller's.</safety>
    private static unsafe HeapBins* TryCreate(ThreadCache* cache)
    {
        var set = (HeapBins*)HeapBin.TryAllocate((nuint)sizeof(HeapBins));
        if (set != null)
        {
            HeapBin.Initialize(&set->Closed, set, cache, HeapBin.NoClass);
            new Span<nint>(&set->_bins, SizeClasses.Count).Fill((nint)(&set->Closed));
        }

        return set;
    }

    /// <summary>Gives the bins of an ended heap to a thread, or to none.</summary>
    /// <safety>The set is the caller's: its heap has ended, and no thread has it, or this one.</safety>
    private static unsafe void MoveTo(HeapBins* set, void* cache)
    {
        set->Closed.Bin.MoveTo(cache);
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            HeapBin* bin = At(set, (uint)i);
            if (bin != &set->Closed)
            {
                // The bin was closed with its heap, unless its thread opened it just then: then it is empty.
                Slot* none = null;
                HeapBin.Close(bin, out Magazine* loaded, out Magazine* previous, ref none);
                SpareMagazines.Give(loaded);
                SpareMagazines.Give(previous);
                bin->Bin.MoveTo(cache);
            }
        }
    }

    /// <safety>The cache is this thread's: no other thread reads its table while the thread lives.</safety>
    private static unsafe bool TryGrow(ThreadCache* cache, int number)
    {
        int count = int.Max(8, int.Max(2 * cache->HeapCount, number + 1));
        try
        {
            FailPoint.ThrowIfRefused();
            var table = (HeapBins**)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(HeapBins*));
            new ReadOnlySpan<nint>(cache->Heaps, cache->HeapCount).CopyTo(new Span<nint>(table, count));
            NativeMemory.Free(cache->Heaps);
            cache->Heaps = table;
            cache->HeapCount = count;
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }
}
