using NativeBuffers.Allocation;
using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers.Diagnostics.Startup;

/// <summary>Registers the diagnostics with the rooms below, when the library is loaded.</summary>
internal static class Registration
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The rooms below may not name the diagnostics, and nothing calls the diagnostics first. It only stores two addresses.")]
    public static void Run()
    {
        unsafe
        {
            // SAFETY: both are managed functions of these signatures.
            DiagnosticsRegistration.Set(&MakeProcessHooks, &NativeMetrics.Start);
        }
    }

    private static ProcessHooks MakeProcessHooks() => new ProcessHooks();
}
