using NativeBuffers.Platform;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Frees kept blocks that are no longer used, by time: without a garbage collection.</summary>
/// <remarks>
/// <para>A pass frees the blocks that were not used since the pass before. A block in a thread's bin moves to a depot in one pass, and is freed in the
/// next one. So three passes free all that is idle.</para>
/// <para>The timer runs while one of three has at least <see cref="LeastBytes"/>: the reservations of caches, the runs with blocks that wait for
/// their owner, or the slots without a block. A process that is idle for good has no timer after the last pass, and one that keeps little never
/// has one.</para>
/// </remarks>
internal static class IdleTimer
{
    /// <summary>The caches may keep fewer reserved bytes for good. Reservations for hot blocks count while these blocks are used.</summary>
    public const long LeastBytes = 2 * 1024 * 1024;

    /// <summary>A pass that frees this number of bytes asks the C library to give freed memory back to the system.</summary>
    private const long ReleasedBytes = 1024 * 1024;

    private static Timer? s_timer;
    private static int s_isSet;

    /// <summary>The time from one pass to the next.</summary>
    public static TimeSpan Period { get; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether the timer runs.</summary>
    public static bool IsSet => Volatile.Read(ref s_isSet) != 0;

    /// <summary>Whether a hot block was used between the last two visits. So a thread that uses nothing else may wait now, or at the next pass.</summary>
    public static bool UsesHot { get; set; }

    private static bool IsNeeded =>
        (UsesHot ? CacheLimits.ReservedBytes : CacheLimits.ReservedForUse) + CacheLimits.ReturnedBytes >= LeastBytes || SlotTable.WholeBytes >= LeastBytes;

    /// <summary>Starts the timer if it does not run, and the caches have reserved enough. Call it after each reservation.</summary>
    public static void Start()
    {
        if (!IsSet && IsNeeded && Interlocked.Exchange(ref s_isSet, 1) == 0)
        {
            Set();
        }
    }

    /// <summary>Frees the blocks that were not used since the last pass.</summary>
    public static void Pass()
    {
        long before = CacheLimits.ReservedBytes;
        Upkeep.TrimIdle();
        if (before - CacheLimits.ReservedBytes >= ReleasedBytes)
        {
            Host.Memory.ReleaseFreedHeap();
        }
    }

    private static void Set()
    {
        try
        {
            Timer? timer = s_timer;
            if (timer is null)
            {
                // The timer is the process's, so it must not keep the values of the flow that happens to start it.
                bool isSuppressed = ExecutionContext.IsFlowSuppressed();
                if (!isSuppressed)
                {
                    _ = ExecutionContext.SuppressFlow();
                }

                try
                {
                    s_timer = timer = new Timer(static _ => Tick(), null, Timeout.Infinite, Timeout.Infinite);
                }
                finally
                {
                    if (!isSuppressed)
                    {
                        ExecutionContext.RestoreFlow();
                    }
                }
            }

            _ = timer.Change(Period, Timeout.InfiniteTimeSpan);
        }
        catch (OutOfMemoryException)
        {
            // The next reservation tries again.
            Volatile.Write(ref s_isSet, 0);
        }
        catch (ThreadInterruptedException)
        {
            // The runtime's lock of timers was taken. The caller may be in the middle of a visit, so the interruption reaches its next wait.
            Volatile.Write(ref s_isSet, 0);
            Thread.CurrentThread.Interrupt();
        }
    }

    private static void Tick()
    {
        try
        {
            Pass();
        }
        catch (OutOfMemoryException)
        {
            // A timer must not throw. The next pass will free the rest.
        }

        if (Gen2Callback.IsStopped)
        {
            return;
        }

        if (IsNeeded)
        {
            Set();
        }
        else
        {
            // A thread that reserves more before this store does not start the timer, so this looks again.
            Volatile.Write(ref s_isSet, 0);
            Interlocked.MemoryBarrier();
            Start();
        }
    }
}
