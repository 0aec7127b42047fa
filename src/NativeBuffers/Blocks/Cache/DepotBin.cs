using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The depot's magazines of one size class: those with blocks, and empty ones for whoever needs room.</summary>
internal sealed class DepotBin(int sizeClass)
{
    private readonly UninterruptedLock _gate = new();
    private readonly long _blockBytes = (long)SizeClasses.SizeOf(sizeClass);
    private readonly int _capacity = Bin.CapacityOf(sizeClass);
    private unsafe Magazine* _stored;
    private unsafe Magazine* _empty;
    private long _byteCount;
    private int _magazineCount;
    private int _fewestMagazines;

    public long ByteCount => Volatile.Read(ref _byteCount);

    public int MagazineCount => Volatile.Read(ref _magazineCount);

    /// <summary>A magazine with blocks; null when there is none.</summary>
    /// <safety>The magazine and its slots are the caller's from now on.</safety>
    public unsafe Magazine* TryTake()
    {
        // Most visits find nothing: look before locking. A magazine that arrives meanwhile is found next time.
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
            if (magazine->Count == 0 || !CacheBudget.TryReserve(magazine->Count * _blockBytes))
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

    /// <summary>Stores a magazine, or frees its blocks when the budget has no room for them. <see cref="Magazine.None"/> is nobody's, and ignored.</summary>
    /// <safety>The magazine and its slots are the caller's, who gives them up.</safety>
    public unsafe void Give(Magazine* magazine)
    {
        if (magazine == null || magazine == Magazine.None)
        {
            return;
        }

        bool keep = magazine->Count > 0 && CacheBudget.TryReserve(magazine->Count * _blockBytes);
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

    /// <summary>Stores a single slot with its block, or frees the block when there is no room for it.</summary>
    /// <safety>The slot is the caller's, who gives it up.</safety>
    public unsafe void GiveOne(Slot* slot)
    {
        slot->Home = null;
        if (CacheBudget.TryReserve(_blockBytes))
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

            CacheBudget.Release(_blockBytes);
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

    /// <summary>Frees the blocks of one magazine, if there is one.</summary>
    public void FreeMagazine()
    {
        unsafe
        {
            // SAFETY: a magazine that was unlinked is this method's own until it is back among the empty ones.
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

    /// <summary>How many magazines lay here all the time since the last call.</summary>
    public int TakeIdleCount()
    {
        using (_gate.Enter())
        {
            int idle = _fewestMagazines;
            _fewestMagazines = _magazineCount - idle;
            return idle;
        }
    }

    private unsafe void Link(Magazine* magazine)
    {
        Push(ref _stored, magazine);
        _byteCount += magazine->Count * _blockBytes;
        _magazineCount++;
    }

    private unsafe Magazine* Unlink()
    {
        Magazine* magazine = Pop(ref _stored);
        if (magazine != null)
        {
            long byteCount = magazine->Count * _blockBytes;
            _byteCount -= byteCount;
            _fewestMagazines = int.Min(_fewestMagazines, --_magazineCount);
            CacheBudget.Release(byteCount);
        }

        return magazine;
    }

    private unsafe Magazine* TryPopEmpty()
    {
        Magazine* magazine = Pop(ref _empty);
        return magazine != null ? magazine : Magazine.TryCreate(_capacity);
    }

    private static unsafe void Push(ref Magazine* list, Magazine* magazine)
    {
        magazine->Next = list;
        list = magazine;
    }

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
