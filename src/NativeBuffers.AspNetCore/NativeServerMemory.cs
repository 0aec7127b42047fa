using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The memory of the server's pools: its limit and its figures. A service of the application, one for all pools.</summary>
/// <remarks>
/// <para>Kestrel rents blocks of 4 KiB for all that it receives and sends. These blocks are parts of arrays, because sockets need arrays.
/// They come in slabs of 32, from a budget over <see cref="NativeAllocator.PinnedHeap"/>. Slabs that are not needed go back to the
/// system.</para>
/// <para>As each pool does, it gives returned blocks to later renters: memory must not be used after its return.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public sealed class NativeServerMemory : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private readonly Timer _timer;
    private readonly int _slabByteCount;
    private readonly int _mostRequests;
    private ServerPool[] _pools = [];
    private bool _isDisposed;
    private int _requestCount;
    private long _violationCount;
    private long _leakCount;
    private long _evictedBytes;
    private long _refusedRequestCount;
    private long _refusedAt = long.MinValue;

    /// <summary>Called by the container.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="loggers">For leaks, violations and refusals.</param>
    /// <exception cref="ArgumentNullException">A parameter is null.</exception>
    public NativeServerMemory(IOptions<NativeServerPoolOptions> options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        NativeServerPoolOptions chosen = options.Value;
        _logger = loggers.CreateLogger(ServerLog.Category);
        _mostRequests = chosen.MostRequests;
        long blocks = long.Clamp(chosen.LimitBytes / ServerPool.BlockByteCount / 16, 1, ServerSlab.MostBlocks);
        _slabByteCount = (int)blocks * ServerPool.BlockByteCount;
        Budget = NativeAllocator.PinnedHeap.WithBudget(
            new NativeMemoryBudgetOptions { Name = chosen.Name, Limit = chosen.LimitBytes, OnRefusal = _ => Trim() != 0 });
        TimeSpan period = chosen.IdleAfter / 2;
        _timer = new Timer(static memory => ((NativeServerMemory)memory!).EvictIdle(), this, period, period);
    }

    /// <summary>The budget of the slabs. A child of it shares the limit: see <see cref="NativeMemoryBudgetAdmission"/>.</summary>
    public NativeMemoryBudget Budget { get; }

    /// <summary>The most bytes of all pools at a time, rented or kept.</summary>
    public long LimitBytes => Budget.Limit;

    /// <summary>The bytes that are rented now. A good guess while threads rent and return.</summary>
    public long RentedBytes => Pools.Sum(static pool => pool.RentedBytes);

    /// <summary>The bytes that the pools keep for the next renters. A good guess while threads rent and return.</summary>
    public long KeptBytes => Pools.Sum(static pool => pool.KeptBytes);

    /// <summary>The bytes that went back to the system because they were not needed, in all.</summary>
    public long EvictedBytes => Volatile.Read(ref _evictedBytes);

    /// <summary>The number of requests that were answered with status 503 for want of memory.</summary>
    public long RefusedRequestCount => Volatile.Read(ref _refusedRequestCount);

    /// <summary>The number of rentals that were forgotten, and whose blocks came back by a finalizer.</summary>
    public long LeakCount => Volatile.Read(ref _leakCount);

    /// <summary>The number of returns of a block that was returned before.</summary>
    public long ViolationCount => Volatile.Read(ref _violationCount);

    /// <summary>The time since the last refused request or rental; null if there was none.</summary>
    internal TimeSpan? SinceRefusal =>
        Volatile.Read(ref _refusedAt) is var at && at == long.MinValue ? null : TimeSpan.FromMilliseconds(Environment.TickCount64 - at);

    /// <summary>The pools that were not disposed.</summary>
    internal ServerPool[] Pools => Volatile.Read(ref _pools);

    /// <summary>Whether the limit leaves room for a slab; a good guess.</summary>
    internal bool HasRoomForSlab => Budget.UsedBytes + Budget.SetAsideBytes <= Budget.Limit - _slabByteCount;

    /// <summary>Frees all slabs without a rented block.</summary>
    /// <returns>The bytes that were freed.</returns>
    public long Trim() => NoteEvicted(Pools.Sum(static pool => pool.Trim()));

    /// <summary>Ends the eviction, and lets the pools be freed as their rentals end. The container calls it.</summary>
    public void Dispose()
    {
        using (_lock.EnterScope())
        {
            _isDisposed = true;
        }

        _timer.Dispose();
        foreach (ServerPool pool in Pools)
        {
            pool.Dispose();
        }
    }

    /// <summary>Makes a pool for an owner.</summary>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    internal ServerPool Add(string owner)
    {
        var pool = new ServerPool(this, owner);
        using (_lock.EnterScope())
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _pools = [.. _pools, pool];
        }

        return pool;
    }

    internal void Remove(ServerPool pool)
    {
        using (_lock.EnterScope())
        {
            _pools = [.. _pools.Where(each => each != pool)];
        }
    }

    /// <summary>A free block of another pool; null if there is none.</summary>
    internal ServerBlock? TryTakeElsewhere(ServerPool asking)
    {
        foreach (ServerPool pool in Pools)
        {
            if (pool != asking && pool.TryTake() is { } block)
            {
                return block;
            }
        }

        return null;
    }

    /// <summary>The memory of a new slab.</summary>
    /// <exception cref="OutOfMemoryException">The limit is reached, or memory is exhausted.</exception>
    internal NativeMemoryOwner<byte> AllocateSlab() => NativeMemoryOwner<byte>.CreateUninitialized(_slabByteCount, Budget);

    /// <summary>Begins a request, if there is room; next: <see cref="EndRequest"/>.</summary>
    internal bool TryBeginRequest()
    {
        if (Interlocked.Increment(ref _requestCount) <= _mostRequests)
        {
            return true;
        }

        EndRequest();
        return false;
    }

    internal void EndRequest() => Interlocked.Decrement(ref _requestCount);

    /// <summary>Counts a request that was answered with status 503.</summary>
    internal void NoteRefusedRequest()
    {
        Interlocked.Increment(ref _refusedRequestCount);
        NoteRefusal();
    }

    internal void NoteViolation(string owner)
    {
        Interlocked.Increment(ref _violationCount);
        _logger.ReturnedTwice(owner);
    }

    internal void NoteLeak(string owner)
    {
        Interlocked.Increment(ref _leakCount);
        _logger.Forgotten(ServerPool.BlockByteCount, owner);
    }

    /// <summary>Logs a refusal, at most once a second.</summary>
    internal void NoteRefusal()
    {
        long now = Environment.TickCount64;
        long before = Interlocked.Exchange(ref _refusedAt, now);
        if (before == long.MinValue || now - before >= 1000)
        {
            _logger.Refused(RentedBytes, LimitBytes, RefusedRequestCount);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A timer's exception would end the process, and the next period tries again.")]
    private void EvictIdle()
    {
        try
        {
            if (NoteEvicted(Pools.Sum(static pool => pool.EvictIdle())) is var byteCount && byteCount != 0)
            {
                _logger.Evicted(byteCount);
            }
        }
        catch (Exception exception)
        {
            _logger.NotEvicted(exception);
        }
    }

    private long NoteEvicted(long byteCount)
    {
        Interlocked.Add(ref _evictedBytes, byteCount);
        return byteCount;
    }
}
