using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The limit of one pool's heap, and the bytes that its bins, depots and remote frees have reserved. For any thread.</summary>
/// <remarks>
/// An open bin has reserved room for all that it may hold. All bins together reserve at most half of the limit, and one bin a 16th: the
/// depots share the rest block by block.
/// </remarks>
/// <param name="limit">The most bytes that are kept.</param>
internal struct HeapLimit(long limit)
{
    /// <summary>The most blocks of a magazine.</summary>
    public const int MostCapacity = 64;

    private Reservation _reserved;
    private long _roomOfBins;
    private long _queued;

    /// <summary>The bytes that are reserved.</summary>
    public long ReservedBytes => _reserved.Bytes;

    /// <summary>The bytes among remote frees.</summary>
    public long QueuedBytes => Volatile.Read(ref _queued);

    /// <summary>The number of blocks in a magazine: 64 KiB of them, or a 64th of the limit, but at least 1 and at most 64.</summary>
    public readonly int CapacityOf(int sizeClass) =>
        (int)long.Clamp(long.Min(64 * 1024, limit / 64) / (long)SizeClasses.SizeOf(sizeClass), 1, MostCapacity);

    /// <summary>Reserves bytes; false when the heap may not keep as many.</summary>
    public bool TryReserve(long byteCount) => _reserved.TryAdd(byteCount, limit);

    /// <summary>Ends a reservation.</summary>
    public void Release(long byteCount) => _reserved.Release(byteCount);

    /// <summary>Reserves room for a remote free; false when the heap may not keep it.</summary>
    public bool TryQueue(long byteCount)
    {
        bool fits = TryReserve(byteCount);
        if (fits)
        {
            _ = Interlocked.Add(ref _queued, byteCount);
        }

        return fits;
    }

    /// <summary>Ends the reservations of remote frees.</summary>
    public void Dequeue(long byteCount)
    {
        _ = Interlocked.Add(ref _queued, -byteCount);
        Release(byteCount);
    }

    /// <summary>Reserves room for all that a bin may hold; false when the heap may not keep as much.</summary>
    public bool TryReserveRoom(int sizeClass)
    {
        long byteCount = RoomOf(sizeClass);
        if (byteCount > limit / 16)
        {
            return false;
        }

        if (Interlocked.Add(ref _roomOfBins, byteCount) <= limit / 2 && TryReserve(byteCount))
        {
            return true;
        }

        _ = Interlocked.Add(ref _roomOfBins, -byteCount);
        return false;
    }

    /// <summary>Ends the reservation of a bin.</summary>
    public void ReleaseRoom(int sizeClass)
    {
        long byteCount = RoomOf(sizeClass);
        _ = Interlocked.Add(ref _roomOfBins, -byteCount);
        Release(byteCount);
    }

    /// <summary>The most bytes in an open bin: two magazines, and the latest block.</summary>
    private readonly long RoomOf(int sizeClass) => ((2 * CapacityOf(sizeClass)) + 1) * (long)SizeClasses.SizeOf(sizeClass);
}
