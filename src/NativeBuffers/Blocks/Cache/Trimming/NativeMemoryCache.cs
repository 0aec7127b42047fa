using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Platform;

namespace NativeBuffers;

/// <summary>The blocks that <see cref="NativeAllocator.Default"/> keeps for the next buffers: how much, and how to free them.</summary>
/// <remarks>
/// <para>Each thread keeps blocks of up to 256 KiB, at most <see cref="ThreadLimitBytes"/>. It also keeps the larger blocks that it freed
/// last: two of them, and up to 16 if they have at most a sixteenth of <see cref="ProcessLimitBytes"/>. The other blocks go to stores that
/// all threads share. Together they keep at most <see cref="ProcessLimitBytes"/>; larger blocks at most seven eighths of that. Blocks above
/// 1 GiB are not kept. The block of a request above 256 KiB has up to an eighth more bytes than the request.</para>
/// <para>Bare blocks of up to 16 KiB, without an owner, lie in runs of 64 KiB. While a block of a run is in use, the free blocks of this run count as
/// in use, too: they are in no limit and in no count, unless it is the run from which a thread takes its next blocks. <see cref="Trim"/> gives the
/// pages between the used blocks back.</para>
/// <para>Blocks that were not used for some seconds are freed, on a thread of the pool. If the system is short of memory, the next full
/// garbage collection frees all. The blocks of an ended thread are freed when the next thread starts to use buffers, after the next full
/// collection, or by <see cref="Trim"/>. Caches that have less than 2 MiB in all keep it.</para>
/// <para>Of another thread that runs or is blocked in a call of the system, one block of each size up to 256 KiB that the thread has used stays. A
/// thread that waits (<see cref="ThreadState.WaitSleepJoin"/>) keeps none. On Windows, in a native image, in Mono, and with a later
/// runtime than .NET 10, it keeps them, too.</para>
/// <para>The limits are settings of the application (in <c>runtimeconfig.template.json</c> or the project file), read
/// once: <c>NativeBuffers.Cache.ThreadLimitBytes</c>, <c>NativeBuffers.Cache.ProcessLimitBytes</c>. 0 keeps nothing.</para>
/// <para>A collectible <see cref="System.Runtime.Loader.AssemblyLoadContext"/> in which the library was used is not
/// unloaded: load the library outside it.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public static class NativeMemoryCache
{
    /// <summary>The bytes that are kept now; a good guess while other threads work.</summary>
    public static long CachedBytes =>
        Depot.TotalBytes + LargeStore.TotalBytes + RunSpace.KeptBytes + ReturnedRuns.ReservedBytes + ThreadCaches.ByteCount + QueuedBytes;

    /// <summary>The most that one thread keeps in blocks of up to 256 KiB, in bytes; free blocks of runs with used ones do not count.</summary>
    public static long ThreadLimitBytes => CacheLimits.ThreadBytes;

    /// <summary>The most that all threads and the shared store keep together, in bytes.</summary>
    /// <remarks>
    /// Unless the application sets it, a sixteenth of the memory that the garbage collector may use, and at most 1 GiB. A limit of a
    /// container counts.
    /// </remarks>
    public static long ProcessLimitBytes => CacheLimits.ProcessBytes;

    /// <summary>The bytes that wait in remote frees.</summary>
    internal static long QueuedBytes => CacheLimits.QueuedBytes + ThreadCaches.OutboxBytes;

    /// <summary>Frees all kept blocks: gives their pages to the system, or the blocks to the C library, which is asked to do the same.</summary>
    /// <remarks>The memory of the library's records of these blocks goes back, too.</remarks>
    public static void Trim()
    {
        FreePath.FlushVacant();
        TrimCaches(idleOnly: false);
        CacheVisits.FreeMagazines();
        Host.Memory.ReleaseFreedHeap();
    }

    /// <summary>Frees the blocks that were not used since the last such call.</summary>
    internal static void TrimIdle() => TrimCaches(idleOnly: true);

    /// <summary>Frees all kept blocks if memory is short; otherwise what ended threads have left.</summary>
    /// <remarks><see cref="IdleTimer"/> frees idle blocks. It does not run where little is kept, and ended threads may have left borrows.</remarks>
    internal static void AfterFullCollection(bool isMemoryShort)
    {
        if (isMemoryShort)
        {
            Trim();
        }
        else
        {
            EndedThreads.Reclaim();
            SlotTable.Trim(idleOnly: true);
        }

        BudgetNumbers.Sweep();
    }

    private static void TrimCaches(bool idleOnly)
    {
        EndedThreads.Reclaim();
        CacheVisits.Trim(idleOnly);
        Depot.TrimAll(idleOnly);
        CacheVisits.TrimRuns(idleOnly);
        LargeStore.Trim(idleOnly);
        RunClass.TrimAll(spareOnly: idleOnly);
        RunSpace.Trim(idleOnly);
        SlotTable.Trim(idleOnly);
    }
}
