namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Bytes that are reserved of a limit. For any thread.</summary>
internal struct Reservation
{
    private long _bytes;

    /// <summary>The bytes that are reserved.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Reserves bytes; false when there would be more than the limit.</summary>
    /// <remarks>A failed request changes nothing. A request that added first would take room from smaller ones for a moment.</remarks>
    public bool TryAdd(long byteCount, long limit)
    {
        long reserved = Bytes;
        while (reserved + byteCount <= limit)
        {
            long before = Interlocked.CompareExchange(ref _bytes, reserved + byteCount, reserved);
            if (before == reserved)
            {
                return true;
            }

            reserved = before;
        }

        return false;
    }

    /// <summary>Ends a reservation.</summary>
    public void Release(long byteCount) => Interlocked.Add(ref _bytes, -byteCount);
}
