using System.Runtime.Loader;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Calls back after full garbage collections, by an object whose finalizer registers it again.</summary>
/// <remarks>
/// Once the object is in the oldest generation, the finalizer runs after full collections only. The platform's own pools use the same
/// trick.
/// </remarks>
internal sealed class Gen2Callback
{
    private static int s_started;
    private static bool s_stopped;

    private Gen2Callback()
    {
    }

    ~Gen2Callback()
    {
        if (Environment.HasShutdownStarted || IsStopped)
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
                Upkeep.AfterFullCollection(isMemoryShort);
                Call(isMemoryShort);
            }
            catch (OutOfMemoryException)
            {
                // A finalizer must not throw. The next collection will free the rest.
            }
        }
    }

    /// <summary>Whether the context of the library is being unloaded.</summary>
    public static bool IsStopped => Volatile.Read(ref s_stopped);

    /// <summary>Calls <paramref name="trim"/> after each full collection, for as long as the target lives.</summary>
    /// <param name="target">An object that keeps memory for later. It is referred to weakly.</param>
    /// <param name="trim">Frees memory that was not used since the last call, or all memory if its second argument says that memory is short.
    /// Must not refer to the target.</param>
    public static void Register(object target, Action<object, bool> trim)
    {
        Start();
        using (Registered.Lock.Enter())
        {
            _ = Registered.Targets.RemoveAll(static entry => !entry.Target.TryGetTarget(out _));
            Registered.Targets.Add((new WeakReference<object>(target), trim));
        }
    }

    /// <summary>Starts, once.</summary>
    public static void Start()
    {
        if (Interlocked.Exchange(ref s_started, 1) == 0)
        {
            if (typeof(Gen2Callback).Assembly.IsCollectible)
            {
                StopBeforeUnload();
            }

            _ = new Gen2Callback();
        }
    }

    /// <summary>An object that keeps coming back to life would keep a collectible context alive.</summary>
    /// <remarks>Not inlined, so that other processes need no code of the platform for contexts.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StopBeforeUnload() =>
        AssemblyLoadContext.GetLoadContext(typeof(Gen2Callback).Assembly)!.Unloading += static _ => Volatile.Write(ref s_stopped, true);

    private static void Call(bool isMemoryShort)
    {
        (WeakReference<object> Target, Action<object, bool> Trim)[] targets;
        using (Registered.Lock.Enter())
        {
            targets = [.. Registered.Targets];
        }

        foreach ((WeakReference<object> reference, Action<object, bool> trim) in targets)
        {
            try
            {
                if (reference.TryGetTarget(out object? target))
                {
                    trim(target, isMemoryShort);
                }
            }
            catch (Exception)
            {
                // A finalizer must not throw. The program's own allocator threw, and no caller is here to hear of it.
            }
        }
    }

    /// <summary>A type of its own, so that the first buffer of a process does not make the list.</summary>
    private static class Registered
    {
        public static readonly UninterruptedLock Lock = new();
        public static readonly List<(WeakReference<object> Target, Action<object, bool> Trim)> Targets = [];
    }
}
