using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers.Diagnostics.Startup;

/// <summary>Registers the diagnostics, and the upkeep of the caches, with the code below that calls them, when the library is loaded.</summary>
internal static class Registration
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The rooms below may not name the diagnostics, and nothing calls the diagnostics first. It only stores addresses.")]
    public static void Run()
    {
        unsafe
        {
            // SAFETY: all are managed functions of these signatures.
            DiagnosticsRegistration.Set(&MakeProcessHooks, &NativeMetrics.Start);
            Upkeep.Set(
                &NativeMemoryCache.Trim,
                &NativeMemoryCache.TrimIdle,
                &NativeMemoryCache.AfterFullCollection,
                &EndedThreads.Reclaim,
                &RemotePath.FlushOutboxes,
                &CacheVisits.CollectReturned);
        }
    }

    private static ProcessHooks MakeProcessHooks() => new ProcessHooks();
}
