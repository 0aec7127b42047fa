using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers;

/// <summary>The <see cref="System.Diagnostics.Metrics.Meter"/> and the <see cref="System.Diagnostics.Tracing.EventSource"/> of the library.</summary>
public static class NativeMemoryMetrics
{
    /// <summary>The name of both.</summary>
    public const string Name = NativeMeter.Name;

    /// <summary>Creates both now, if they do not exist.</summary>
    /// <remarks>
    /// Without this call they are created a tenth of a second after the first buffer, and events before that time have no listener. Call it in a
    /// program that listens to itself, after its listeners have begun. It takes some milliseconds.
    /// </remarks>
    public static void Start() => NativeMetrics.StartNow();
}
