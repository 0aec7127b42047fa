using System.Diagnostics.Metrics;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>Makes the meter and the event source, once.</summary>
internal static class NativeMetrics
{
    private static readonly Lock s_gate = new();
    private static int s_isAsked;
    private static Meter? s_meter;
    private static NativeEventSource? s_events;

    /// <summary>Asks for them, and does not wait: that would be milliseconds of the first buffer's time.</summary>
    public static void Start()
    {
        if (Volatile.Read(ref s_isAsked) == 0 && Interlocked.Exchange(ref s_isAsked, 1) == 0)
        {
            try
            {
                _ = ThreadPool.UnsafeQueueUserWorkItem(static _ => StartNow(), null);
            }
            catch (Exception exception) when (exception is OutOfMemoryException or NotSupportedException)
            {
                // There are none then. The buffers are what matters.
            }
        }
    }

    /// <summary>Makes them if that has not happened.</summary>
    public static void StartNow()
    {
        try
        {
            using (s_gate.EnterScope())
            {
                s_meter ??= NativeMeter.Create();
                s_events ??= new NativeEventSource();
            }
        }
        catch (Exception)
        {
            // A listener's, which is told of each instrument and source. Nobody here could do anything about it.
        }
    }
}
