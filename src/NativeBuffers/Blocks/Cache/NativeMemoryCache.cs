using NativeBuffers.Blocks.Cache;
using NativeBuffers.Platform;

namespace NativeBuffers;

/// <summary>The blocks that <see cref="NativeAllocator.Default"/> keeps for the next buffers: how much, and how to free them.</summary>
/// <remarks>
/// <para>Each thread keeps blocks of up to 256 KiB, at most <see cref="ThreadLimitBytes"/>. Blocks beyond that go to a store that all
/// threads share. Together they keep at most <see cref="ProcessLimitBytes"/>. Larger blocks are not kept.</para>
/// <para>The blocks of a thread that has ended are freed when the next thread starts to use buffers, after the next full garbage
/// collection, or by <see cref="Trim"/>. Each full collection frees the blocks that were not used since the one before; if the system
/// is short of memory, it frees all. Of another thread that is alive, at most one block of each size stays.</para>
/// <para>The limits are settings of the application (in <c>runtimeconfig.template.json</c> or the project file), read
/// once: <c>NativeBuffers.Cache.ThreadLimitBytes</c>, <c>NativeBuffers.Cache.ProcessLimitBytes</c>. 0 keeps nothing.</para>
/// <para>A collectible <see cref="System.Runtime.Loader.AssemblyLoadContext"/> in which the library was used is not
/// unloaded: load the library outside it.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public static class NativeMemoryCache
{
    /// <summary>The bytes that are kept now; a good guess while other threads work.</summary>
    public static long CachedBytes => Depot.TotalBytes + ThreadCaches.ByteCount + CacheBudget.Queued;

    /// <summary>The most that one thread keeps, in bytes.</summary>
    public static long ThreadLimitBytes => CacheBudget.ThreadLimit;

    /// <summary>The most that all threads and the shared store keep together, in bytes.</summary>
    public static long ProcessLimitBytes => CacheBudget.ProcessLimit;

    /// <summary>Frees all kept blocks: gives them to the C library, and asks it to give the memory to the system.</summary>
    public static void Trim()
    {
        ThreadCache.FlushHot();
        TrimCaches(idleOnly: false);
        Host.Memory.ReleaseFreedHeap();
    }

    /// <summary>Frees the blocks that a full collection finds unused, or all blocks when memory is short.</summary>
    internal static void AfterFullCollection(bool isMemoryShort)
    {
        if (isMemoryShort)
        {
            Trim();
        }
        else
        {
            TrimCaches(idleOnly: true);
        }
    }

    private static void TrimCaches(bool idleOnly)
    {
        ThreadCaches.ReclaimEnded();
        ThreadCaches.Trim(idleOnly);
        Depot.Trim(idleOnly);
    }
}
