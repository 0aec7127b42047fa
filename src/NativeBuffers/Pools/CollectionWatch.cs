namespace NativeBuffers.Pools;

/// <summary>Hears of full garbage collections: an object that is found dead by each one, and comes back to life.</summary>
/// <remarks>
/// Once it has reached the oldest generation, its finalizer runs after full collections only. The platform's own
/// pools use the same trick.
/// </remarks>
internal sealed class CollectionWatch
{
    private static int s_started;

    private CollectionWatch()
    {
    }

    ~CollectionWatch()
    {
        if (Environment.HasShutdownStarted)
        {
            return;
        }

        GC.ReRegisterForFinalize(this);
        if (GC.GetGeneration(this) == GC.MaxGeneration)
        {
            try
            {
                // The load at which the collector itself begins to work harder to free memory.
                GCMemoryInfo memory = GC.GetGCMemoryInfo();
                NativeMemoryCache.AfterFullCollection(memory.MemoryLoadBytes >= memory.HighMemoryLoadThresholdBytes);
            }
            catch (OutOfMemoryException)
            {
                // A finalizer must not throw. What was not given back now will be after the next collection.
            }
        }
    }

    /// <summary>Starts watching, once.</summary>
    public static void Start()
    {
        if (Interlocked.Exchange(ref s_started, 1) == 0)
        {
            _ = new CollectionWatch();
        }
    }
}
