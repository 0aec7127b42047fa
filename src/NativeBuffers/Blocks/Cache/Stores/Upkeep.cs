namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Entry points of the upkeep, which keeps the caches small, for the stores and paths below it, which may not name it.</summary>
/// <remarks>Function pointers, for the reasons of <see cref="Allocation.DiagnosticsRegistration"/>, and set at the same time.</remarks>
internal static class Upkeep
{
    private static unsafe delegate*<void> s_trim;
    private static unsafe delegate*<void> s_trimIdle;
    private static unsafe delegate*<bool, void> s_afterFullCollection;
    private static unsafe delegate*<int, void> s_reclaimEnded;
    private static unsafe delegate*<void> s_flushOutboxes;
    private static unsafe delegate*<void> s_collectReturned;

    /// <summary>Sets the entry points.</summary>
    /// <param name="trim">See <see cref="Trim"/>.</param>
    /// <param name="trimIdle">See <see cref="TrimIdle"/>.</param>
    /// <param name="afterFullCollection">See <see cref="AfterFullCollection"/>.</param>
    /// <param name="reclaimEnded">See <see cref="ReclaimEnded"/>.</param>
    /// <param name="flushOutboxes">See <see cref="FlushOutboxes"/>.</param>
    /// <param name="collectReturned">See <see cref="CollectReturned"/>.</param>
    /// <safety>All are managed functions of the library.</safety>
    public static unsafe void Set(
        delegate*<void> trim,
        delegate*<void> trimIdle,
        delegate*<bool, void> afterFullCollection,
        delegate*<int, void> reclaimEnded,
        delegate*<void> flushOutboxes,
        delegate*<void> collectReturned)
    {
        s_trim = trim;
        s_trimIdle = trimIdle;
        s_afterFullCollection = afterFullCollection;
        s_reclaimEnded = reclaimEnded;
        s_flushOutboxes = flushOutboxes;
        s_collectReturned = collectReturned;
    }

    /// <summary>Frees all kept blocks: a request for memory was just refused.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Trim()
    {
        unsafe
        {
            // SAFETY: the module initializer has set the pointer to a managed function, before any code of the library ran.
            s_trim();
        }
    }

    /// <summary>Frees the blocks that were not used since the last such call.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void TrimIdle()
    {
        unsafe
        {
            // SAFETY: the module initializer has set the entry point, for the life of the process. The method takes no pointer.
            s_trimIdle();
        }
    }

    /// <summary>Frees the blocks of ended threads, or all kept blocks if memory is short. Called after a full garbage collection.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AfterFullCollection(bool isMemoryShort)
    {
        unsafe
        {
            // SAFETY: the module initializer has set the entry point, for the life of the process. The method takes no pointer.
            s_afterFullCollection(isMemoryShort);
        }
    }

    /// <summary>Frees what ended threads have left.</summary>
    /// <param name="most">The most threads to look at.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ReclaimEnded(int most)
    {
        unsafe
        {
            // SAFETY: the module initializer has set the entry point, for the life of the process. The method takes no pointer.
            s_reclaimEnded(most);
        }
    }

    /// <summary>Sends the slots in all outboxes to their homes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void FlushOutboxes()
    {
        unsafe
        {
            // SAFETY: the module initializer has set the entry point, for the life of the process. The method takes no pointer.
            s_flushOutboxes();
        }
    }

    /// <summary>Collects the blocks without slots that other threads than the owners of their runs have freed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void CollectReturned()
    {
        unsafe
        {
            // SAFETY: the module initializer has set the entry point, for the life of the process. The method takes no pointer.
            s_collectReturned();
        }
    }
}
