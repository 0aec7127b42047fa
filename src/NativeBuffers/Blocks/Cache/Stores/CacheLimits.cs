namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The limits of the caches of the default allocator, and the bytes that are reserved of them.</summary>
/// <remarks>All members may be called from any thread.</remarks>
internal static class CacheLimits
{
    // The settings of the application.
    public const string ThreadLimitSetting = "NativeBuffers.Cache.ThreadLimitBytes";
    public const string ProcessLimitSetting = "NativeBuffers.Cache.ProcessLimitBytes";

    private const long Megabyte = 1024 * 1024;

    /// <summary>Below any limit that the machine's memory gives. So the first buffers do not ask for that memory, which takes 0.25 ms.</summary>
    private const long AlwaysAllowed = 1 * Megabyte;

    /// <summary>Negative before the machine was asked.</summary>
    private static long s_processLimit = Setting(ProcessLimitSetting) ?? -1;

    private static Reservation s_reserved;
    private static long s_reservedForHot;
    private static long s_queued;
    private static long s_returned;

    /// <inheritdoc cref="NativeMemoryCache.ThreadLimitBytes"/>
    public static long ThreadBytes { get; set; } = Setting(ThreadLimitSetting) ?? 16 * Megabyte;

    /// <inheritdoc cref="NativeMemoryCache.ProcessLimitBytes"/>
    public static long ProcessBytes
    {
        get => s_processLimit >= 0 ? s_processLimit : s_processLimit = DefaultProcessLimit(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        set => s_processLimit = value;
    }

    /// <summary>The bytes that bins and depots have reserved: an upper bound of the cached bytes.</summary>
    /// <remarks>
    /// When a thread first uses a size, its bin reserves room for all that it may ever hold. So no block has to be counted when it
    /// comes back. The depot reserves each magazine that it takes.
    /// </remarks>
    public static long ReservedBytes => s_reserved.Bytes;

    /// <summary>The reserved bytes, without the room of one block for each size that a thread has used. This room stays unless the thread waits.</summary>
    public static long ReservedForUse => ReservedBytes - Volatile.Read(ref s_reservedForHot);

    /// <summary>The bytes that homes have in remote frees.</summary>
    public static long QueuedBytes => Volatile.Read(ref s_queued);

    /// <summary>The bytes of the runs that have blocks which wait for their owners: see <see cref="ReturnedRuns"/>.</summary>
    public static long ReturnedBytes => Volatile.Read(ref s_returned);

    /// <summary>Notes the bytes of a run that has such blocks, or, with a negative number, that it no longer has.</summary>
    public static void NoteReturned(long byteCount) => Interlocked.Add(ref s_returned, byteCount);

    /// <summary>The limit of a process that may use a number of bytes.</summary>
    public static long DefaultProcessLimit(long availableBytes) => long.Clamp(availableBytes / 16, AlwaysAllowed, 1024 * Megabyte);

    /// <summary>Notes bytes that were put into remote frees; false when the process may not keep as many.</summary>
    public static bool TryQueue(long byteCount) => Interlocked.Add(ref s_queued, byteCount) + ReservedBytes <= ProcessBytes;

    /// <summary>Whether the process may keep as many bytes more in remote frees.</summary>
    public static bool MayQueue(long byteCount) => Volatile.Read(ref s_queued) + ReservedBytes + byteCount <= ProcessBytes;

    /// <summary>Notes bytes that were taken from remote frees.</summary>
    public static void Dequeue(long byteCount) => Interlocked.Add(ref s_queued, -byteCount);

    /// <summary>Reserves bytes; false when the process may not keep as many.</summary>
    public static bool TryReserve(long byteCount) => TryReserve(byteCount, spare: 0);

    /// <summary>Reserves bytes for a large block; false when the process may not keep as many.</summary>
    /// <remarks>Some room stays for the small blocks, which are many more.</remarks>
    public static bool TryReserveLarge(long byteCount) => TryReserve(byteCount, spare: ProcessBytes / 8);

    private static bool TryReserve(long byteCount, long spare)
    {
        bool isAllowed = (s_processLimit < 0 && s_reserved.TryAdd(byteCount, AlwaysAllowed - spare)) || s_reserved.TryAdd(byteCount, ProcessBytes - spare);
        if (isAllowed)
        {
            IdleTimer.Start();
        }

        return isAllowed;
    }

    /// <summary>Notes that reserved bytes are for the hot blocks of a thread, or, with a negative number, that they are no longer.</summary>
    public static void NoteHot(long byteCount) => Interlocked.Add(ref s_reservedForHot, byteCount);

    /// <summary>Ends a reservation.</summary>
    public static void Release(long byteCount) => s_reserved.Release(byteCount);

    private static long? Setting(string name) => AppContext.GetData(name) switch
    {
        int value and >= 0 => value,
        long value and >= 0 => value,
        string text when long.TryParse(text, out long value) && value >= 0 => value,
        _ => null,
    };
}
