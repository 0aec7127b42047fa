namespace NativeBuffers.Blocks.Cache;

/// <summary>The memory that the caches may keep: for each thread and for the process.</summary>
/// <remarks>
/// When a thread first uses a size, its bin reserves room for all that it may ever hold. So no block has to be counted when it
/// comes back. The depot reserves each magazine that it takes.
/// </remarks>
internal static class CacheBudget
{
    /// <summary>The application's settings; see <see cref="NativeMemoryCache"/>.</summary>
    public const string ThreadLimitSetting = "NativeBuffers.Cache.ThreadLimitBytes";

    public const string ProcessLimitSetting = "NativeBuffers.Cache.ProcessLimitBytes";

    private const long Megabyte = 1024 * 1024;

    private static long s_reserved;
    private static long s_queued;

    public static long ThreadLimit { get; set; } = Setting(ThreadLimitSetting) ?? 16 * Megabyte;

    /// <summary>A sixteenth of the machine's memory, but at least 64 MiB and at most 1 GiB.</summary>
    public static long ProcessLimit { get; set; } = Setting(ProcessLimitSetting)
        ?? long.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16, 64 * Megabyte, 1024 * Megabyte);

    /// <summary>The bytes that are reserved now: an upper bound of the cached bytes.</summary>
    public static long Reserved => Volatile.Read(ref s_reserved);

    /// <summary>The bytes that wait in remote frees.</summary>
    public static long Queued => Volatile.Read(ref s_queued);

    /// <summary>Notes bytes that were put into remote frees; false when the process may not keep as many.</summary>
    public static bool TryQueue(long byteCount) => Interlocked.Add(ref s_queued, byteCount) + Reserved <= ProcessLimit;

    /// <summary>Notes bytes that were taken from remote frees.</summary>
    public static void Dequeue(long byteCount) => Interlocked.Add(ref s_queued, -byteCount);

    /// <summary>Reserves bytes; false when the process may not keep as many.</summary>
    /// <remarks>A failed request changes nothing. A request that added first would take room from smaller ones for a moment.</remarks>
    public static bool TryReserve(long byteCount)
    {
        long reserved = Reserved;
        while (reserved + byteCount <= ProcessLimit)
        {
            long before = Interlocked.CompareExchange(ref s_reserved, reserved + byteCount, reserved);
            if (before == reserved)
            {
                return true;
            }

            reserved = before;
        }

        return false;
    }

    public static void Release(long byteCount) => Interlocked.Add(ref s_reserved, -byteCount);

    private static long? Setting(string name) => AppContext.GetData(name) switch
    {
        int value and >= 0 => value,
        long value and >= 0 => value,
        string text when long.TryParse(text, out long value) && value >= 0 => value,
        _ => null,
    };
}
