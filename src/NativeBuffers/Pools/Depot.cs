namespace NativeBuffers.Pools;

/// <summary>The process's store of free blocks: bundles that threads had too many of, for each size.</summary>
internal static class Depot
{
    private static readonly Shelf[] s_shelves = [.. Enumerable.Range(0, SizeClasses.Count).Select(static c => new Shelf(c))];

    /// <summary>What is stored, in bytes.</summary>
    public static long ByteCount => s_shelves.Sum(static shelf => shelf.ByteCount);

    /// <summary>Stores a bundle, or frees its blocks when the budget has no room.</summary>
    /// <safety>The caller owns the bundle's slots, and gives them up.</safety>
    public static void Give(int sizeClass, Bundle bundle)
    {
        if (!bundle.IsEmpty && !s_shelves[sizeClass].TryPut(bundle))
        {
            BlockSource.Free(bundle);
        }
    }

    /// <summary>A bundle, or an empty one when there is none.</summary>
    /// <safety>The caller owns the bundle's slots from now on.</safety>
    public static Bundle Take(int sizeClass) => s_shelves[sizeClass].Take();

    /// <summary>Frees everything that is stored.</summary>
    public static void Clear() => Trim(static shelf => shelf.BundleCount);

    /// <summary>Frees what was not needed since the last call.</summary>
    public static void TrimIdle() => Trim(static shelf => shelf.TakeIdleCount());

    private static void Trim(Func<Shelf, int> count)
    {
        foreach (Shelf shelf in s_shelves)
        {
            for (int i = count(shelf); i > 0 && shelf.Take() is { IsEmpty: false } bundle; i--)
            {
                BlockSource.Free(bundle);
            }
        }
    }

    /// <summary>The bundles of one size.</summary>
    private sealed class Shelf(int sizeClass)
    {
        private readonly Lock _gate = new();
        private readonly long _blockBytes = (long)SizeClasses.SizeOf(sizeClass);
        private unsafe Slot* _first;
        private long _byteCount;
        private int _bundleCount;
        private int _fewestBundles;

        public long ByteCount => Volatile.Read(ref _byteCount);

        public int BundleCount => Volatile.Read(ref _bundleCount);

        public bool TryPut(Bundle bundle)
        {
            long byteCount = bundle.Count * _blockBytes;
            if (!CacheBudget.TryReserve(byteCount))
            {
                return false;
            }

            unsafe
            {
                // SAFETY: the caller gave the bundle's slots up, so this shelf alone has them.
                bundle.SetHome(null);
                bundle.First->BundleCount = bundle.Count;
                lock (_gate)
                {
                    bundle.First->NextBundle = _first;
                    _first = bundle.First;
                    _byteCount += byteCount;
                    _bundleCount++;
                }
            }

            return true;
        }

        public Bundle Take()
        {
            // Most visits find nothing: look before locking. A bundle that arrives meanwhile is found next time.
            if (BundleCount == 0)
            {
                return default;
            }

            Bundle bundle;
            unsafe
            {
                // SAFETY: slots on the shelf belong to it, and a taken bundle is unlinked before the lock opens.
                lock (_gate)
                {
                    if (_first == null)
                    {
                        return default;
                    }

                    bundle = new Bundle(_first, _first->BundleCount);
                    _first = _first->NextBundle;
                    _byteCount -= bundle.Count * _blockBytes;
                    _fewestBundles = int.Min(_fewestBundles, --_bundleCount);
                }
            }

            CacheBudget.Release(bundle.Count * _blockBytes);
            return bundle;
        }

        /// <summary>How many bundles lay here all the time since the last call.</summary>
        public int TakeIdleCount()
        {
            lock (_gate)
            {
                int idle = _fewestBundles;
                _fewestBundles = _bundleCount - idle;
                return idle;
            }
        }
    }
}
