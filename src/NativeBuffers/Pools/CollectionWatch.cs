using System.Runtime.Loader;

namespace NativeBuffers.Pools;

/// <summary>Hears of full garbage collections: an object that is found dead by each one, and comes back to life.</summary>
/// <remarks>
/// Once it has reached the oldest generation, its finalizer runs after full collections only. The platform's own
/// pools use the same trick.
/// </remarks>
internal sealed class CollectionWatch
{
    private static int s_started;
    private static bool s_stopped;

    private CollectionWatch()
    {
    }

    ~CollectionWatch()
    {
        if (Environment.HasShutdownStarted || Volatile.Read(ref s_stopped))
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
            // An object that keeps coming back to life would keep a collectible context alive.
            if (AssemblyLoadContext.GetLoadContext(typeof(CollectionWatch).Assembly) is { IsCollectible: true } context)
            {
                context.Unloading += static _ => Volatile.Write(ref s_stopped, true);
            }

            _ = new CollectionWatch();
        }
    }
}
