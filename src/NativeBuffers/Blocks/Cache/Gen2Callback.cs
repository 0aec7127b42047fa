using System.Runtime.Loader;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Hears of full garbage collections: an object that is found dead by each one, and comes back to life.</summary>
/// <remarks>
/// Once it has reached the oldest generation, its finalizer runs after full collections only. The platform's own
/// pools use the same trick.
/// </remarks>
internal sealed class Gen2Callback
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<WeakReference<ITrimmable>> s_others = [];
    private static int s_started;
    private static bool s_stopped;

    private Gen2Callback()
    {
    }

    ~Gen2Callback()
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
                bool isMemoryShort = memory.MemoryLoadBytes >= memory.HighMemoryLoadThresholdBytes;
                NativeMemoryCache.AfterFullCollection(isMemoryShort);
                foreach (ITrimmable other in Others())
                {
                    Tell(other, isMemoryShort);
                }
            }
            catch (OutOfMemoryException)
            {
                // A finalizer must not throw. What was not given back now will be after the next collection.
            }
        }
    }

    /// <summary>Tells this one, too, for as long as it lives.</summary>
    public static void Tell(ITrimmable other)
    {
        Start();
        using (s_gate.Enter())
        {
            _ = s_others.RemoveAll(static reference => !reference.TryGetTarget(out _));
            s_others.Add(new WeakReference<ITrimmable>(other));
        }
    }

    /// <summary>Starts watching, once.</summary>
    public static void Start()
    {
        if (Interlocked.Exchange(ref s_started, 1) == 0)
        {
            // An object that keeps coming back to life would keep a collectible context alive.
            if (AssemblyLoadContext.GetLoadContext(typeof(Gen2Callback).Assembly) is { IsCollectible: true } context)
            {
                context.Unloading += static _ => Volatile.Write(ref s_stopped, true);
            }

            _ = new Gen2Callback();
        }
    }

    private static void Tell(ITrimmable other, bool isMemoryShort)
    {
        try
        {
            other.AfterFullCollection(isMemoryShort);
        }
        catch (Exception)
        {
            // A finalizer must not throw. An allocator of the user's own did; there is nobody here to tell.
        }
    }

    private static List<ITrimmable> Others()
    {
        List<ITrimmable> others = [];
        using (s_gate.Enter())
        {
            foreach (WeakReference<ITrimmable> reference in s_others)
            {
                if (reference.TryGetTarget(out ITrimmable? other))
                {
                    others.Add(other);
                }
            }
        }

        return others;
    }
}
