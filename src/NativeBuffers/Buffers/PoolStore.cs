using NativeBuffers.Allocation;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>The store of one pool: an allocator that keeps freed blocks for the next requests, up to a limit.</summary>
/// <remarks>
/// It has rows of bins, and a row has one bin, with a lock, for each size class. A processor uses one row, so that threads on different
/// processors seldom meet. The store keeps blocks of up to 1 GiB: the thread caches stop at 256 KiB, and larger blocks are a reason to
/// make a pool.
/// </remarks>
internal sealed class PoolStore : NativeAllocator
{
    /// <summary>The largest block that is kept, in bytes.</summary>
    public const uint Largest = 1 << 30;

    /// <summary>More rows of bins than this gain nothing: threads meet seldom enough.</summary>
    private const int MostRows = 8;

    private static readonly int s_classCount = (int)SizeClasses.OfLast(Largest - 1) + 1;

    private readonly long _limit;
    private readonly Bin[][] _rows;
    private long _cachedBytes;
    private int _isClosed;

    public PoolStore(NativePoolOptions options)
        : base($"Pool({(options.Allocator ?? Default).Name})", (options.Allocator ?? Default).Requested, AllocatorLayers.Pool)
    {
        _limit = options.CachedBytesLimit;
        BlockAlignment = Layout.DefaultAlignment;
        _rows = new Bin[int.Min(MostRows, Environment.ProcessorCount)][];
        for (int i = 0; i < _rows.Length; i++)
        {
            _rows[i] = new Bin[s_classCount];
            for (int sizeClass = 0; sizeClass < s_classCount; sizeClass++)
            {
                _rows[i][sizeClass] = new Bin();
            }
        }

        Gen2Callback.Register(this, static (store, isMemoryShort) => ((PoolStore)store).AfterFullCollection(isMemoryShort));
    }

    /// <summary>Frees the blocks of a pool that was never disposed. Its rentals refer to it, so none is left.</summary>
    ~PoolStore()
    {
        try
        {
            Close();
        }
        catch (Exception)
        {
            // A finalizer must not throw, and the program's own allocator may.
        }
    }

    public long CachedBytes => Volatile.Read(ref _cachedBytes);

    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>Gives back all blocks that are kept.</summary>
    public void Trim() => Free(static _ => int.MaxValue);

    /// <summary>Gives back all blocks, and keeps none from now on.</summary>
    public void Close()
    {
        Volatile.Write(ref _isClosed, 1);

        // A thread that frees a block sees the flag, or has put the block into a bin before the bins are emptied here. See FreeCore.
        Interlocked.MemoryBarrier();
        Trim();
    }

    /// <summary>Frees the blocks that were not used since the last full collection, or all free blocks when memory is short.</summary>
    public void AfterFullCollection(bool isMemoryShort)
    {
        if (isMemoryShort)
        {
            Trim();
        }
        else
        {
            Free(static bin => bin.TakeIdleCount());
        }
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsKept(byteCount, alignment))
        {
            return Inner.Obtain(byteCount, alignment, zeroed);
        }

        int sizeClass = SizeClasses.Of(byteCount);
        void* block = TryTake(sizeClass);
        if (block == null)
        {
            return Inner.Obtain(SizeClasses.SizeOf(sizeClass), Layout.DefaultAlignment, zeroed);
        }

        if (zeroed)
        {
            new Block(block, byteCount).ClearFrom(0);
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        bool wasKept = IsKept(oldByteCount, alignment);
        bool isKept = IsKept(newByteCount, alignment);
        if (!wasKept && !isKept)
        {
            return Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true);
        }

        if (wasKept && isKept && SizeClasses.Of(oldByteCount) == SizeClasses.Of(newByteCount))
        {
            new Block(block, newByteCount).ClearFrom(oldByteCount);
            return block;
        }

        return base.ResizeCore(block, oldByteCount, newByteCount, alignment);
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        !IsKept(oldByteCount, alignment) && !IsKept(newByteCount, alignment)
            ? Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false)
            : ResizeCore(block, oldByteCount, newByteCount, alignment);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsKept(byteCount, alignment))
        {
            Inner.GiveBack(block, byteCount, alignment);
            return;
        }

        int sizeClass = SizeClasses.Of(byteCount);
        long classBytes = (long)SizeClasses.SizeOf(sizeClass);
        bool fits = Interlocked.Add(ref _cachedBytes, classBytes) <= _limit && !IsClosed;
        if (fits && RowHere[sizeClass].TryGive((nint)block))
        {
            if (IsClosed)
            {
                // The pool was closed in between, and its bins perhaps emptied before this block came.
                Trim();
            }

            return;
        }

        _ = Interlocked.Add(ref _cachedBytes, -classBytes);
        Inner.GiveBack(block, (nuint)classBytes, Layout.DefaultAlignment);
    }

    private Bin[] RowHere => _rows[(uint)Thread.GetCurrentProcessorId() % (uint)_rows.Length];

    private static bool IsKept(nuint byteCount, nuint alignment) => byteCount <= Largest && alignment <= Layout.DefaultAlignment;

    /// <safety>The block, of the size of the class, belongs to the caller.</safety>
    private unsafe void* TryTake(int sizeClass)
    {
        nint block = RowHere[sizeClass].TryTake();
        for (int i = 0; block == 0 && i < _rows.Length; i++)
        {
            block = _rows[i][sizeClass].TryTake();
        }

        if (block != 0)
        {
            _ = Interlocked.Add(ref _cachedBytes, -(long)SizeClasses.SizeOf(sizeClass));
        }

        return (void*)block;
    }

    /// <summary>Frees as many blocks of each bin as the function says, or as there are.</summary>
    private void Free(Func<Bin, int> count)
    {
        foreach (Bin[] row in _rows)
        {
            for (int sizeClass = 0; sizeClass < s_classCount; sizeClass++)
            {
                nuint classBytes = SizeClasses.SizeOf(sizeClass);
                Bin bin = row[sizeClass];
                for (int i = count(bin); i > 0 && bin.TryTake() is var block and not 0; i--)
                {
                    _ = Interlocked.Add(ref _cachedBytes, -(long)classBytes);
                    unsafe
                    {
                        // SAFETY: the block came from the inner allocator with this size. The bin has given it up, so it has no user.
                        Inner.GiveBack((void*)block, classBytes, Layout.DefaultAlignment);
                    }
                }
            }
        }
    }

    /// <summary>The free blocks of one size class.</summary>
    private sealed class Bin
    {
        private readonly UninterruptedLock _gate = new();
        private nint[] _blocks = [];
        private int _count;
        private int _fewest;

        /// <summary>The block that came last; 0 if there is none.</summary>
        public nint TryTake()
        {
            // Most bins of other processors are empty: look before locking.
            if (Volatile.Read(ref _count) == 0)
            {
                return 0;
            }

            using (_gate.Enter())
            {
                if (_count == 0)
                {
                    return 0;
                }

                nint block = _blocks[--_count];
                _fewest = int.Min(_fewest, _count);
                return block;
            }
        }

        /// <summary>Keeps a block; false if there is no memory to note it in.</summary>
        public bool TryGive(nint block)
        {
            using (_gate.Enter())
            {
                if (_count == _blocks.Length)
                {
                    try
                    {
                        Array.Resize(ref _blocks, int.Max(4, 2 * _count));
                    }
                    catch (OutOfMemoryException)
                    {
                        return false;
                    }
                }

                _blocks[_count++] = block;
                return true;
            }
        }

        /// <summary>The number of blocks that were here all the time since the last call.</summary>
        public int TakeIdleCount()
        {
            using (_gate.Enter())
            {
                int idle = _fewest;
                _fewest = _count - idle;
                return idle;
            }
        }
    }
}
