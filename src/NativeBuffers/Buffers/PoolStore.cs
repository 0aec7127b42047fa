using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>What a pool of one's own keeps: an allocator that frees nothing as long as it may keep it.</summary>
/// <remarks>
/// A shelf for each size, under a lock; and several such sets, so that threads on different processors seldom meet. Up to
/// 1 GiB a block: the thread caches stop at 256 KiB, and pools for larger blocks are what one makes a pool for.
/// </remarks>
internal sealed class PoolStore : NativeAllocator, ITrimmable
{
    /// <summary>The largest block that is kept, in bytes.</summary>
    public const uint Largest = 1 << 30;

    /// <summary>More sets of shelves than this gain nothing: threads meet seldom enough.</summary>
    private const int MostSets = 8;

    private static readonly int s_classCount = (int)SizeClasses.OfLast(Largest - 1) + 1;

    private readonly NativeAllocator _inner;
    private readonly long _limit;
    private readonly PoolShelf[][] _sets;
    private long _cachedBytes;
    private int _isClosed;

    public PoolStore(NativePoolOptions options)
        : base($"Pool({(options.Allocator ?? Default).Name})")
    {
        _inner = WrappingAllocator.Behind(options.Allocator ?? Default);
        _limit = options.CachedBytesLimit;
        TakesAllocationSites = _inner.TakesAllocationSites;
        IsTracked = _inner.IsTracked;

        // IsGuarded is not: a guard behind does not see rentals begin and end, so that another one in front is no second one.
        _sets = new PoolShelf[int.Min(MostSets, Environment.ProcessorCount)][];
        for (int i = 0; i < _sets.Length; i++)
        {
            _sets[i] = new PoolShelf[s_classCount];
            for (int sizeClass = 0; sizeClass < s_classCount; sizeClass++)
            {
                _sets[i][sizeClass] = new PoolShelf();
            }
        }

        Gen2Callback.Tell(this);
    }

    /// <summary>A pool that was forgotten: whoever rents from it holds it, so nobody does, and what it keeps is its own.</summary>
    ~PoolStore()
    {
        try
        {
            Close();
        }
        catch (Exception)
        {
            // A finalizer must not throw. An allocator of the user's own did; there is nobody here to tell.
        }
    }

    /// <summary>Where blocks come from.</summary>
    public NativeAllocator Inner => _inner;

    public long CachedBytes => Volatile.Read(ref _cachedBytes);

    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>Gives everything back that is kept.</summary>
    public void Trim() => Free(static _ => int.MaxValue);

    /// <summary>Keeps nothing from now on.</summary>
    public void Close()
    {
        Volatile.Write(ref _isClosed, 1);

        // Who gives a block back either sees this, or has put it on a shelf before those are emptied here. See FreeCore.
        Interlocked.MemoryBarrier();
        Trim();
    }

    public void AfterFullCollection(bool isMemoryShort)
    {
        if (isMemoryShort)
        {
            Trim();
        }
        else
        {
            Free(static shelf => shelf.TakeIdleCount());
        }
    }

    /// <summary>A budget behind the pool knows better what it refused.</summary>
    internal override OutOfMemoryException RefusalOf(nuint byteCount) =>
        NativeMemoryBudget.BudgetRefusalOf(_inner, byteCount) ?? base.RefusalOf(byteCount);

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsKept(byteCount, alignment))
        {
            return _inner.Obtain(byteCount, alignment, zeroed);
        }

        int sizeClass = SizeClasses.Of(byteCount);
        void* block = TryTake(sizeClass);
        if (block == null)
        {
            return _inner.Obtain(SizeClasses.SizeOf(sizeClass), Layout.DefaultAlignment, zeroed);
        }

        if (zeroed)
        {
            new Block(block, byteCount).ClearFrom(0);
        }

        return block;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        bool wasKept = IsKept(oldByteCount, alignment);
        bool isKept = IsKept(newByteCount, alignment);
        if (!wasKept && !isKept)
        {
            return _inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true);
        }

        if (wasKept && isKept && SizeClasses.Of(oldByteCount) == SizeClasses.Of(newByteCount))
        {
            new Block(block, newByteCount).ClearFrom(oldByteCount);
            return block;
        }

        return base.ResizeCore(block, oldByteCount, newByteCount, alignment);
    }

    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        !IsKept(oldByteCount, alignment) && !IsKept(newByteCount, alignment)
            ? _inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false)
            : ResizeCore(block, oldByteCount, newByteCount, alignment);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsKept(byteCount, alignment))
        {
            _inner.GiveBack(block, byteCount, alignment);
            return;
        }

        int sizeClass = SizeClasses.Of(byteCount);
        long classBytes = (long)SizeClasses.SizeOf(sizeClass);
        bool fits = Interlocked.Add(ref _cachedBytes, classBytes) <= _limit && !IsClosed;
        if (fits && Shelves[sizeClass].TryGive((nint)block))
        {
            if (IsClosed)
            {
                // Closed meanwhile, and perhaps emptied before this block came.
                Trim();
            }

            return;
        }

        _ = Interlocked.Add(ref _cachedBytes, -classBytes);
        _inner.GiveBack(block, (nuint)classBytes, Layout.DefaultAlignment);
    }

    private PoolShelf[] Shelves => _sets[(uint)Thread.GetCurrentProcessorId() % (uint)_sets.Length];

    private static bool IsKept(nuint byteCount, nuint alignment) => byteCount <= Largest && alignment <= Layout.DefaultAlignment;

    private unsafe void* TryTake(int sizeClass)
    {
        nint block = Shelves[sizeClass].TryTake();
        for (int i = 0; block == 0 && i < _sets.Length; i++)
        {
            block = _sets[i][sizeClass].TryTake();
        }

        if (block != 0)
        {
            _ = Interlocked.Add(ref _cachedBytes, -(long)SizeClasses.SizeOf(sizeClass));
        }

        return (void*)block;
    }

    /// <summary>Frees of each shelf as many blocks as the function says, or as there are.</summary>
    private void Free(Func<PoolShelf, int> count)
    {
        foreach (PoolShelf[] shelves in _sets)
        {
            for (int sizeClass = 0; sizeClass < s_classCount; sizeClass++)
            {
                nuint classBytes = SizeClasses.SizeOf(sizeClass);
                PoolShelf shelf = shelves[sizeClass];
                for (int i = count(shelf); i > 0; i--)
                {
                    nint block = shelf.TryTake();
                    if (block == 0)
                    {
                        break;
                    }

                    _ = Interlocked.Add(ref _cachedBytes, -(long)classBytes);
                    unsafe
                    {
                        // SAFETY: the shelf has given the block up, which came from this allocator with this size.
                        _inner.GiveBack((void*)block, classBytes, Layout.DefaultAlignment);
                    }
                }
            }
        }
    }
}
