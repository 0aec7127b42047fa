using NativeBuffers.Blocks.Cache;
using NativeBuffers.Platform;

namespace NativeBuffers;

/// <summary>The blocks that <see cref="NativeAllocator.Default"/> keeps for the next buffers: how much, and how to free them.</summary>
/// <remarks>
/// <para>Each thread keeps blocks of up to 256 KiB, at most <see cref="ThreadLimitBytes"/>. It also keeps the larger blocks that it freed
/// last: two of them, and up to 16 if they have at most a sixteenth of <see cref="ProcessLimitBytes"/>. The other blocks go to stores that
/// all threads share. Together they keep at most <see cref="ProcessLimitBytes"/>; larger blocks at most seven eighths of that. Blocks above
/// 1 GiB are not kept. The block of a request above 256 KiB has up to an eighth more bytes than the request.</para>
/// <para>Blocks that were not used for some seconds are freed, on a thread of the pool. If the system is short of memory, the next full
/// garbage collection frees all. The blocks of a thread that has ended are freed when the next thread starts to use buffers, after the
/// next full garbage collection, or by <see cref="Trim"/>. Of another thread that is alive, at most one block of each size up to 256 KiB
/// stays. Caches that have less than 2 MiB in all keep it.</para>
/// <para>The limits are settings of the application (in <c>runtimeconfig.template.json</c> or the project file), read
/// once: <c>NativeBuffers.Cache.ThreadLimitBytes</c>, <c>NativeBuffers.Cache.ProcessLimitBytes</c>. 0 keeps nothing.</para>
/// <para>A collectible <see cref="System.Runtime.Loader.AssemblyLoadContext"/> in which the library was used is not
/// unloaded: load the library outside it.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public static class NativeMemoryCache
{
    // The settings of the application.
    internal const string ThreadLimitSetting = "NativeBuffers.Cache.ThreadLimitBytes";
    internal const string ProcessLimitSetting = "NativeBuffers.Cache.ProcessLimitBytes";

    private const long Megabyte = 1024 * 1024;

    /// <summary>Below any limit that the machine's memory gives. So the first buffers do not ask for that memory, which takes 0.25 ms.</summary>
    private const long AlwaysAllowed = 1 * Megabyte;

    /// <summary>Negative before the machine was asked.</summary>
    private static long s_processLimit = Setting(ProcessLimitSetting) ?? -1;

    private static long s_reserved;
    private static long s_reservedForHot;
    private static long s_queued;

    /// <summary>The bytes that are kept now; a good guess while other threads work.</summary>
    public static long CachedBytes => Depot.TotalBytes + LargeStore.TotalBytes + ThreadCaches.ByteCount + QueuedBytes;

    /// <summary>The most that one thread keeps, in bytes.</summary>
    public static long ThreadLimitBytes { get; internal set; } = Setting(ThreadLimitSetting) ?? 16 * Megabyte;

    /// <summary>The most that all threads and the shared store keep together, in bytes.</summary>
    /// <remarks>
    /// Unless the application sets it, a sixteenth of the memory that the garbage collector may use, and at most 1 GiB. A limit of a
    /// container counts.
    /// </remarks>
    public static long ProcessLimitBytes
    {
        get => s_processLimit >= 0 ? s_processLimit : s_processLimit = DefaultProcessLimit(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        internal set => s_processLimit = value;
    }

    /// <summary>The bytes that bins and depots have reserved: an upper bound of the cached bytes.</summary>
    /// <remarks>
    /// When a thread first uses a size, its bin reserves room for all that it may ever hold. So no block has to be counted when it
    /// comes back. The depot reserves each magazine that it takes.
    /// </remarks>
    internal static long ReservedBytes => Volatile.Read(ref s_reserved);

    /// <summary>The reserved bytes, without the room of one block for each size that a thread has used. This room stays with the thread.</summary>
    internal static long ReservedForUse => ReservedBytes - Volatile.Read(ref s_reservedForHot);

    /// <summary>The bytes that wait in remote frees.</summary>
    internal static long QueuedBytes => Volatile.Read(ref s_queued) + ThreadCaches.OutboxBytes;

    /// <summary>Frees all kept blocks: gives them to the C library, and asks it to give the memory to the system.</summary>
    public static void Trim()
    {
        ThreadCache.FlushHot();
        TrimCaches(idleOnly: false);
        ReleaseFreedHeap();
    }

    /// <summary>The limit of a process that may use a number of bytes.</summary>
    internal static long DefaultProcessLimit(long availableBytes) => long.Clamp(availableBytes / 16, AlwaysAllowed, 1024 * Megabyte);

    /// <summary>Frees the blocks that were not used since the last such call.</summary>
    internal static void TrimIdle() => TrimCaches(idleOnly: true);

    /// <summary>Asks the C library to give freed memory to the system.</summary>
    internal static void ReleaseFreedHeap() => Host.Memory.ReleaseFreedHeap();

    /// <summary>Notes bytes that were put into remote frees; false when the process may not keep as many.</summary>
    internal static bool TryQueue(long byteCount) => Interlocked.Add(ref s_queued, byteCount) + ReservedBytes <= ProcessLimitBytes;

    /// <summary>Whether the process may keep as many bytes more in remote frees.</summary>
    internal static bool MayQueue(long byteCount) => Volatile.Read(ref s_queued) + ReservedBytes + byteCount <= ProcessLimitBytes;

    /// <summary>Notes bytes that were taken from remote frees.</summary>
    internal static void Dequeue(long byteCount) => Interlocked.Add(ref s_queued, -byteCount);

    /// <summary>Reserves bytes; false when the process may not keep as many.</summary>
    /// <remarks>A failed request changes nothing. A request that added first would take room from smaller ones for a moment.</remarks>
    internal static bool TryReserve(long byteCount) => TryReserve(byteCount, spare: 0);

    /// <summary>Reserves bytes for a large block; false when the process may not keep as many.</summary>
    /// <remarks>Some room stays for the small blocks, which are many more.</remarks>
    internal static bool TryReserveLarge(long byteCount) => TryReserve(byteCount, spare: ProcessLimitBytes / 8);

    private static bool TryReserve(long byteCount, long spare)
    {
        long reserved = ReservedBytes;
        while (Fits(reserved + byteCount + spare))
        {
            long before = Interlocked.CompareExchange(ref s_reserved, reserved + byteCount, reserved);
            if (before == reserved)
            {
                IdleTimer.Start();
                return true;
            }

            reserved = before;
        }

        return false;
    }

    /// <summary>Notes that reserved bytes are for the hot blocks of a thread, or, with a negative number, that they are no longer.</summary>
    internal static void NoteHot(long byteCount) => Interlocked.Add(ref s_reservedForHot, byteCount);

    /// <summary>Ends a reservation.</summary>
    internal static void Release(long byteCount) => Interlocked.Add(ref s_reserved, -byteCount);

    private static void TrimCaches(bool idleOnly)
    {
        ThreadCaches.ReclaimEnded();
        CacheVisits.Trim(idleOnly);
        Depot.TrimAll(idleOnly);
        LargeStore.Trim(idleOnly);
    }

    private static bool Fits(long byteCount) => (s_processLimit < 0 && byteCount <= AlwaysAllowed) || byteCount <= ProcessLimitBytes;

    private static long? Setting(string name) => AppContext.GetData(name) switch
    {
        int value and >= 0 => value,
        long value and >= 0 => value,
        string text when long.TryParse(text, out long value) && value >= 0 => value,
        _ => null,
    };
}
