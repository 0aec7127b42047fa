using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>
/// The magazines that all threads exchange, of one size class: those with blocks, and empty ones. A heap has one depot for each class
/// (Bonwick).
/// </summary>
/// <param name="heap">The heap, whose limit counts the stored bytes.</param>
/// <param name="sizeClass">The size class.</param>
/// <param name="capacity">The number of blocks in a magazine.</param>
internal sealed class Depot(BlockHeap heap, int sizeClass, int capacity)
{
    /// <summary>The most blocks in a magazine of the default allocator.</summary>
    public const int MostCapacity = 128;

    /// <summary>
    /// The number of magazines whose blocks keep their cleaners: 131,072 blocks of at most 1 KiB. A full collection runs the finalizer of each
    /// idle cleaner, which takes 200 ns. But the next owner of a block without a cleaner makes one. So a program that creates and disposes
    /// fewer owners again and again must not lose its cleaners.
    /// </summary>
    private const int MostWithCleaners = 1024;

    private static readonly Depot[] s_all = MakeAll();

    private readonly UninterruptedLock _lock = new();
    private readonly long _blockBytes = (long)SizeClasses.SizeOf(sizeClass);
    private unsafe Magazine* _stored;
    private unsafe Magazine* _empty;
    private long _byteCount;
    private int _magazineCount;

    /// <summary>The fewest magazines here since the last trim of idle ones: no thread needed these.</summary>
    private int _fewestMagazines;

    /// <summary>A depot of the default allocator.</summary>
    public Depot(int sizeClass)
        : this(BlockHeap.Default, sizeClass, CapacityOf(sizeClass))
    {
    }

    /// <summary>The bytes that all depots of the default allocator store.</summary>
    public static long TotalBytes => s_all.Sum(static depot => depot.ByteCount);

    /// <summary>The bytes that this depot stores.</summary>
    public long ByteCount => Volatile.Read(ref _byteCount);

    private int MagazineCount => Volatile.Read(ref _magazineCount);

    /// <summary>The number of blocks in a magazine of a size class: 128 KiB of them, but at least 4 and at most <see cref="MostCapacity"/>.</summary>
    public static int CapacityOf(int sizeClass) => (int)long.Clamp(128 * 1024 / (long)SizeClasses.SizeOf(sizeClass), 4, MostCapacity);

    /// <summary>The depot of a size class of the default allocator.</summary>
    public static Depot For(int sizeClass) => s_all[sizeClass];

    /// <summary>Frees the blocks of all depots of the default allocator: all of them, or those that were idle.</summary>
    public static void TrimAll(bool idleOnly)
    {
        foreach (Depot depot in s_all)
        {
            depot.Trim(idleOnly);
        }
    }

    /// <summary>Frees the blocks of this depot: all of them, or those that no thread needed since the last such call.</summary>
    public void Trim(bool idleOnly)
    {
        for (int i = idleOnly ? TakeIdleCount() : MagazineCount; i > 0; i--)
        {
            FreeMagazine();
        }
    }

    /// <summary>A magazine with blocks; null when there is none.</summary>
    /// <safety>The magazine and its slots are the caller's from now on.</safety>
    public unsafe Magazine* TryTake()
    {
        // Most calls find nothing, so they read before they lock. The next call finds a magazine that arrives now.
        if (MagazineCount == 0)
        {
            return null;
        }

        using (_lock.Enter())
        {
            return Unlink();
        }
    }

    /// <summary>A single slot with a block; null when there is none.</summary>
    /// <safety>The slot is the caller's from now on.</safety>
    public unsafe Slot* TryTakeOne()
    {
        if (MagazineCount == 0)
        {
            return null;
        }

        using (_lock.Enter())
        {
            Magazine* magazine = _stored;
            if (magazine == null)
            {
                return null;
            }

            // The magazine stays, so the rest of its blocks stays reserved.
            Slot* slot = Magazine.Slots(magazine)[--magazine->Count];
            _byteCount -= _blockBytes;
            _fewestMagazines = int.Min(_fewestMagazines, _magazineCount - 1);
            if (magazine->Count == 0)
            {
                _stored = magazine->Next;
                _magazineCount--;
                Push(ref _empty, magazine);
            }

            heap.Release(_blockBytes);
            return slot;
        }
    }

    /// <summary>
    /// Stores a magazine, or frees its blocks when the limit of the heap has no room for them. Null and <see cref="Magazine.None"/> are ignored.
    /// </summary>
    /// <safety>The caller gives up the magazine and its slots.</safety>
    public unsafe void Give(Magazine* magazine)
    {
        if (magazine == null || magazine == Magazine.None)
        {
            return;
        }

        bool keep = magazine->Count > 0 && heap.TryReserve(magazine->Count * _blockBytes);
        if (!keep)
        {
            heap.Free(magazine);
        }
        else if (MagazineCount >= MostWithCleaners)
        {
            for (int i = 0; i < magazine->Count; i++)
            {
                SlotTable.DismissCleaner(Magazine.Slots(magazine)[i]);
            }
        }

        using (_lock.Enter())
        {
            if (keep)
            {
                Link(magazine);
            }
            else
            {
                Push(ref _empty, magazine);
            }
        }
    }

    /// <summary>Closes a bin, and stores its magazines.</summary>
    /// <returns>The number of slots that left the bin.</returns>
    /// <safety>As for <see cref="Bin.Close"/>.</safety>
    public unsafe int GiveAll(Bin* bin)
    {
        int count = bin->Count;
        bin->Close(out Magazine* loaded, out Magazine* previous);
        Give(loaded);
        Give(previous);
        return count;
    }

    /// <summary>Stores a single slot with its block, or frees the block when there is no room for it.</summary>
    /// <safety>The caller gives up the slot.</safety>
    public unsafe void GiveOne(Slot* slot)
    {
        if (!TryGiveOne(slot))
        {
            heap.FreeOne(slot);
        }
    }

    /// <summary>Stores a single slot with its block; false when there is no room for it. The slot has no home afterwards.</summary>
    /// <safety>The caller gives up the slot if this is true.</safety>
    public unsafe bool TryGiveOne(Slot* slot)
    {
        slot->Home = null;
        if (heap.TryReserve(_blockBytes))
        {
            using (_lock.Enter())
            {
                if (_stored != null && _stored->Count < _stored->Capacity)
                {
                    Magazine.Slots(_stored)[_stored->Count++] = slot;
                    _byteCount += _blockBytes;
                    return true;
                }

                Magazine* magazine = TryPopEmpty();
                if (magazine != null)
                {
                    Magazine.Slots(magazine)[magazine->Count++] = slot;
                    Link(magazine);
                    return true;
                }
            }

            heap.Release(_blockBytes);
        }

        return false;
    }

    /// <summary>Takes all empty magazines, as a list.</summary>
    /// <safety>The magazines are the caller's.</safety>
    public unsafe Magazine* TakeEmpty()
    {
        using (_lock.Enter())
        {
            Magazine* list = _empty;
            _empty = null;
            return list;
        }
    }

    /// <summary>Takes the two magazines of a bin; false when memory is exhausted.</summary>
    /// <safety>The magazines are empty, and the caller's.</safety>
    public unsafe bool TryTakePair(out Magazine* loaded, out Magazine* previous)
    {
        loaded = TryTakeEmpty();
        previous = TryTakeEmpty();
        if (loaded != null && previous != null)
        {
            return true;
        }

        Give(loaded);
        Give(previous);
        return false;
    }

    /// <summary>An empty magazine; null when memory is exhausted.</summary>
    /// <safety>The magazine is the caller's.</safety>
    public unsafe Magazine* TryTakeEmpty()
    {
        using (_lock.Enter())
        {
            return TryPopEmpty();
        }
    }

    /// <remarks>No query: it would load another library, and a process that can open no file could then never allocate again.</remarks>
    private static Depot[] MakeAll()
    {
        var all = new Depot[SizeClasses.Count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = new Depot(i);
        }

        return all;
    }

    /// <summary>Frees the blocks of one magazine, if there is one.</summary>
    private void FreeMagazine()
    {
        unsafe
        {
            // SAFETY: an unlinked magazine belongs to this method until it is among the empty ones again.
            Magazine* magazine;
            using (_lock.Enter())
            {
                magazine = Unlink();
            }

            if (magazine != null)
            {
                heap.Free(magazine);
                using (_lock.Enter())
                {
                    Push(ref _empty, magazine);
                }
            }
        }
    }

    /// <summary>The number of magazines that were here all the time since the last call.</summary>
    private int TakeIdleCount()
    {
        using (_lock.Enter())
        {
            int idle = _fewestMagazines;
            _fewestMagazines = _magazineCount - idle;
            return idle;
        }
    }

    /// <safety>The caller has the lock, and gives up the magazine, whose bytes are reserved.</safety>
    private unsafe void Link(Magazine* magazine)
    {
        Push(ref _stored, magazine);
        _byteCount += magazine->Count * _blockBytes;
        _magazineCount++;
    }

    /// <safety>The caller has the lock. The magazine is the caller's from now on.</safety>
    private unsafe Magazine* Unlink()
    {
        Magazine* magazine = Pop(ref _stored);
        if (magazine != null)
        {
            long byteCount = magazine->Count * _blockBytes;
            _byteCount -= byteCount;
            _fewestMagazines = int.Min(_fewestMagazines, --_magazineCount);
            heap.Release(byteCount);
        }

        return magazine;
    }

    /// <inheritdoc cref="Unlink" path="/safety"/>
    private unsafe Magazine* TryPopEmpty()
    {
        Magazine* magazine = Pop(ref _empty);
        return magazine != null ? magazine : heap.TryMakeMagazine(capacity);
    }

    /// <inheritdoc cref="Link" path="/safety"/>
    private static unsafe void Push(ref Magazine* list, Magazine* magazine)
    {
        magazine->Next = list;
        list = magazine;
    }

    /// <inheritdoc cref="Unlink" path="/safety"/>
    private static unsafe Magazine* Pop(ref Magazine* list)
    {
        Magazine* magazine = list;
        if (magazine != null)
        {
            list = magazine->Next;
        }

        return magazine;
    }
}
