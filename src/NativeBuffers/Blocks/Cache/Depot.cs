using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>
/// The magazines that all threads exchange, of one size class: those with blocks, and empty ones. There is one depot for each class
/// (Bonwick).
/// </summary>
internal sealed class Depot(int sizeClass)
{
    private static readonly Depot[] s_all = MakeAll();

    private readonly UninterruptedLock _gate = new();
    private readonly long _blockBytes = (long)SizeClasses.SizeOf(sizeClass);
    private readonly int _capacity = CapacityOf(sizeClass);
    private unsafe Magazine* _stored;
    private unsafe Magazine* _empty;
    private long _byteCount;
    private int _magazineCount;
    private int _fewestMagazines;

    /// <summary>The bytes that all depots store.</summary>
    public static long TotalBytes => s_all.Sum(static depot => depot.ByteCount);

    /// <summary>The bytes that this depot stores.</summary>
    public long ByteCount => Volatile.Read(ref _byteCount);

    private int MagazineCount => Volatile.Read(ref _magazineCount);

    /// <summary>The number of blocks in a magazine of a size class: 128 KiB of them, but at least 4 and at most 128.</summary>
    public static int CapacityOf(int sizeClass) => (int)long.Clamp(128 * 1024 / (long)SizeClasses.SizeOf(sizeClass), 4, 128);

    /// <summary>The depot of a size class.</summary>
    public static Depot For(int sizeClass) => s_all[sizeClass];

    /// <summary>Frees the blocks of all depots: all of them, or those that no thread needed since the last such call.</summary>
    public static void Trim(bool idleOnly)
    {
        foreach (Depot depot in s_all)
        {
            for (int i = idleOnly ? depot.TakeIdleCount() : depot.MagazineCount; i > 0; i--)
            {
                depot.FreeMagazine();
            }
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

        using (_gate.Enter())
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

        using (_gate.Enter())
        {
            Magazine* magazine = Unlink();
            if (magazine == null)
            {
                return null;
            }

            Slot* slot = Magazine.Slots(magazine)[--magazine->Count];
            if (magazine->Count == 0 || !NativeMemoryCache.TryReserve(magazine->Count * _blockBytes))
            {
                BlockSource.Free(magazine);
                Push(ref _empty, magazine);
            }
            else
            {
                Link(magazine);
            }

            return slot;
        }
    }

    /// <summary>
    /// Stores a magazine, or frees its blocks when the budget has no room for them. Null and <see cref="Magazine.None"/> are ignored.
    /// </summary>
    /// <safety>The caller gives up the magazine and its slots.</safety>
    public unsafe void Give(Magazine* magazine)
    {
        if (magazine == null || magazine == Magazine.None)
        {
            return;
        }

        bool keep = magazine->Count > 0 && NativeMemoryCache.TryReserve(magazine->Count * _blockBytes);
        if (!keep)
        {
            BlockSource.Free(magazine);
        }

        using (_gate.Enter())
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
        slot->Home = null;
        if (NativeMemoryCache.TryReserve(_blockBytes))
        {
            using (_gate.Enter())
            {
                if (_stored != null && _stored->Count < _stored->Capacity)
                {
                    Magazine.Slots(_stored)[_stored->Count++] = slot;
                    _byteCount += _blockBytes;
                    return;
                }

                Magazine* magazine = TryPopEmpty();
                if (magazine != null)
                {
                    Magazine.Slots(magazine)[magazine->Count++] = slot;
                    Link(magazine);
                    return;
                }
            }

            NativeMemoryCache.Release(_blockBytes);
        }

        BlockSource.FreeOne(slot);
    }

    /// <summary>An empty magazine; null when memory is exhausted.</summary>
    /// <safety>The magazine is the caller's.</safety>
    public unsafe Magazine* TryTakeEmpty()
    {
        using (_gate.Enter())
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
            using (_gate.Enter())
            {
                magazine = Unlink();
            }

            if (magazine != null)
            {
                BlockSource.Free(magazine);
                using (_gate.Enter())
                {
                    Push(ref _empty, magazine);
                }
            }
        }
    }

    /// <summary>The number of magazines that were here all the time since the last call.</summary>
    private int TakeIdleCount()
    {
        using (_gate.Enter())
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
            NativeMemoryCache.Release(byteCount);
        }

        return magazine;
    }

    /// <inheritdoc cref="Unlink" path="/safety"/>
    private unsafe Magazine* TryPopEmpty()
    {
        Magazine* magazine = Pop(ref _empty);
        return magazine != null ? magazine : Magazine.TryCreate(_capacity);
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
