using System.Diagnostics.Metrics;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>Makes the meter and the event source, once: a moment after the first buffer.</summary>
/// <remarks>
/// A program that uses no other meter loads the platform's code for them then, which takes 10 ms of a processor. So the first
/// buffer does not wait for it, nor does a program that is over sooner pay; only where a process is watched, is it begun at once.
/// </remarks>
internal static class NativeMetrics
{
    /// <summary>How much later that is, in milliseconds.</summary>
    private const int Delay = 100;

    private static readonly UninterruptedLock s_gate = new();
    private static int s_isAsked;
    private static Meter? s_meter;
    private static NativeEventSource? s_events;

    /// <summary>Asks for them, and does not wait.</summary>
    public static void Start()
    {
        if (Volatile.Read(ref s_isAsked) == 0 && Interlocked.Exchange(ref s_isAsked, 1) == 0)
        {
            try
            {
                new Thread(StartSoon) { IsBackground = true, Name = "NativeBuffers metrics" }.UnsafeStart();
            }
            catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
            {
                // There are none then. The buffers are what matters.
            }
        }
    }

    /// <summary>Makes them if that has not happened.</summary>
    /// <remarks>A separate method: if a part of the platform cannot be loaded, the call throws, and the caller can catch it.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void StartNow()
    {
        using (s_gate.Enter())
        {
            s_meter ??= NativeMeter.Create();
            try
            {
                s_events ??= new NativeEventSource();
            }
            catch (Exception)
            {
                // A listener's, which is told of the source. Nobody here could do anything about it.
            }
        }
    }

    private static void StartSoon()
    {
        if (!InstrumentationSwitch.IsOn)
        {
            using var never = new ManualResetEvent(false);
            _ = never.WaitOne(Delay);
        }

        try
        {
            StartNow();
        }
        catch (Exception)
        {
            // A part of the platform cannot be loaded, for example because no file can be opened. An exception on this thread would end the process.
        }
    }
}
