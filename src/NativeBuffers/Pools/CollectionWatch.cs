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
            NativeMemoryCache.AfterFullCollection();
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
