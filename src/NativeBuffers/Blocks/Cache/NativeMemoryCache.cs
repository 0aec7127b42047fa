using NativeBuffers.Blocks.Cache;
using NativeBuffers.Platform;

namespace NativeBuffers;

/// <summary>The blocks that <see cref="NativeAllocator.Default"/> keeps for the next buffers: how much, and how to let go.</summary>
/// <remarks>
/// <para>Each thread keeps blocks of up to 256 KiB, at most <see cref="ThreadLimitBytes"/>; what it has too many of goes
/// to a store that all threads share. Together they keep at most <see cref="ProcessLimitBytes"/>. Larger blocks are not
/// kept.</para>
/// <para>What a thread leaves behind when it ends is given back when the next thread starts to use buffers, after the
/// next full garbage collection, or by <see cref="Trim"/>. After each full collection, what was not used since the one
/// before is given back; if the system is short of memory, everything. Of
/// another thread that is alive, at most one block of each size stays.</para>
/// <para>The limits are settings of the application (in <c>runtimeconfig.template.json</c> or the project file), read
/// once: <c>NativeBuffers.Cache.ThreadLimitBytes</c>, <c>NativeBuffers.Cache.ProcessLimitBytes</c>. 0 keeps nothing.</para>
/// <para>A collectible <see cref="System.Runtime.Loader.AssemblyLoadContext"/> in which the library was used is not
/// unloaded: load the library outside it.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public static class NativeMemoryCache
{
    /// <summary>What is kept now, in bytes; while other threads work, a good guess.</summary>
    public static long CachedBytes => Depot.ByteCount + ThreadCaches.ByteCount + CacheBudget.Queued;

    /// <summary>The most that one thread keeps, in bytes.</summary>
    public static long ThreadLimitBytes => CacheBudget.ThreadLimit;

    /// <summary>The most that all threads and the shared store keep together, in bytes.</summary>
    public static long ProcessLimitBytes => CacheBudget.ProcessLimit;

    /// <summary>Gives everything back that is kept: to the C library, which is asked to give it back to the system.</summary>
    public static void Trim()
    {
        ThreadCache.FlushHot();
        ThreadCaches.ReclaimEnded();
        ThreadCaches.Trim(idleOnly: false);
        Depot.Clear();
        Host.Memory.ReleaseFreedHeap();
    }

    /// <summary>Gives back what a full collection finds unused, or everything when memory is short.</summary>
    internal static void AfterFullCollection(bool isMemoryShort)
    {
        if (isMemoryShort)
        {
            Trim();
            return;
        }

        ThreadCaches.ReclaimEnded();
        ThreadCaches.Trim(idleOnly: true);
        Depot.TrimIdle();
    }
}
