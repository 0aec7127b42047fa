using NativeBuffers.Allocation;
using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers.Diagnostics.Startup;

/// <summary>Registers the diagnostics with the rooms below, when the library is loaded.</summary>
internal static class Registration
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The rooms below may not name the diagnostics, and nothing calls the diagnostics first. It only stores two delegates.")]
    public static void Run()
    {
        DiagnosticsRegistration.MakeProcessHooks = static () => new ProcessHooks();
        DiagnosticsRegistration.StartMetrics = NativeMetrics.Start;
    }
}
