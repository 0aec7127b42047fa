namespace NativeBuffers.Caches;

/// <summary>The depot's bundles of one size class: those with blocks, and empty ones for whoever needs room.</summary>
internal sealed class Shelf(int sizeClass)
{
    private readonly UninterruptedLock _gate = new();
    private readonly long _blockBytes = (long)SizeClasses.SizeOf(sizeClass);
    private readonly int _capacity = Magazine.CapacityOf(sizeClass);
    private unsafe Bundle* _stored;
    private unsafe Bundle* _empty;
    private long _byteCount;
    private int _bundleCount;
    private int _fewestBundles;

    public long ByteCount => Volatile.Read(ref _byteCount);

    public int BundleCount => Volatile.Read(ref _bundleCount);

    /// <summary>A bundle with blocks; null when there is none.</summary>
    /// <safety>The bundle and its slots are the caller's from now on.</safety>
    public unsafe Bundle* TryTake()
    {
        // Most visits find nothing: look before locking. A bundle that arrives meanwhile is found next time.
        if (BundleCount == 0)
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
        if (BundleCount == 0)
        {
            return null;
        }

        using (_gate.Enter())
        {
            Bundle* bundle = Unlink();
            if (bundle == null)
            {
                return null;
            }

            Slot* slot = Bundle.Slots(bundle)[--bundle->Count];
            if (bundle->Count == 0 || !CacheBudget.TryReserve(bundle->Count * _blockBytes))
            {
                BlockSource.Free(bundle);
                Push(ref _empty, bundle);
            }
            else
            {
                Link(bundle);
            }

            return slot;
        }
    }

    /// <summary>Stores a bundle, or frees its blocks when the budget has no room for them. <see cref="Bundle.None"/> is nobody's, and ignored.</summary>
    /// <safety>The bundle and its slots are the caller's, who gives them up.</safety>
    public unsafe void Give(Bundle* bundle)
    {
        if (bundle == null || bundle == Bundle.None)
        {
            return;
        }

        bool keep = bundle->Count > 0 && CacheBudget.TryReserve(bundle->Count * _blockBytes);
        if (!keep)
        {
            BlockSource.Free(bundle);
        }

        using (_gate.Enter())
        {
            if (keep)
            {
                Link(bundle);
            }
            else
            {
                Push(ref _empty, bundle);
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
                    Bundle.Slots(_stored)[_stored->Count++] = slot;
                    _byteCount += _blockBytes;
                    return;
                }

                Bundle* bundle = TryPopEmpty();
                if (bundle != null)
                {
                    Bundle.Slots(bundle)[bundle->Count++] = slot;
                    Link(bundle);
                    return;
                }
            }

            CacheBudget.Release(_blockBytes);
        }

        BlockSource.FreeOne(slot);
    }

    /// <summary>An empty bundle; null when memory is exhausted.</summary>
    /// <safety>The bundle is the caller's.</safety>
    public unsafe Bundle* TryTakeEmpty()
    {
        using (_gate.Enter())
        {
            return TryPopEmpty();
        }
    }

    /// <summary>Frees the blocks of one bundle, if there is one.</summary>
    public void FreeBundle()
    {
        unsafe
        {
            // SAFETY: a bundle that was unlinked is this method's own until it is back among the empty ones.
            Bundle* bundle;
            using (_gate.Enter())
            {
                bundle = Unlink();
            }

            if (bundle != null)
            {
                BlockSource.Free(bundle);
                using (_gate.Enter())
                {
                    Push(ref _empty, bundle);
                }
            }
        }
    }

    /// <summary>How many bundles lay here all the time since the last call.</summary>
    public int TakeIdleCount()
    {
        using (_gate.Enter())
        {
            int idle = _fewestBundles;
            _fewestBundles = _bundleCount - idle;
            return idle;
        }
    }

    private unsafe void Link(Bundle* bundle)
    {
        Push(ref _stored, bundle);
        _byteCount += bundle->Count * _blockBytes;
        _bundleCount++;
    }

    private unsafe Bundle* Unlink()
    {
        Bundle* bundle = Pop(ref _stored);
        if (bundle != null)
        {
            long byteCount = bundle->Count * _blockBytes;
            _byteCount -= byteCount;
            _fewestBundles = int.Min(_fewestBundles, --_bundleCount);
            CacheBudget.Release(byteCount);
        }

        return bundle;
    }

    private unsafe Bundle* TryPopEmpty()
    {
        Bundle* bundle = Pop(ref _empty);
        return bundle != null ? bundle : Bundle.TryCreate(_capacity);
    }

    private static unsafe void Push(ref Bundle* list, Bundle* bundle)
    {
        bundle->Next = list;
        list = bundle;
    }

    private static unsafe Bundle* Pop(ref Bundle* list)
    {
        Bundle* bundle = list;
        if (bundle != null)
        {
            list = bundle->Next;
        }

        return bundle;
    }
}
