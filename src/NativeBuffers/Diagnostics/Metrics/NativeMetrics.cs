using System.Diagnostics.Metrics;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>Makes the meter and the event source once, a moment after the first buffer.</summary>
/// <remarks>
/// A program without meters of its own loads the platform's code for them at that time, which takes 10 ms of a processor. So the first
/// buffer does not wait, and a program that ends sooner does not pay. In an instrumented process there is no delay.
/// </remarks>
internal static class NativeMetrics
{
    /// <summary>In milliseconds.</summary>
    private const int Delay = 100;

    private static readonly UninterruptedLock s_lock = new();
    private static int s_isStarted;
    private static Meter? s_meter;
    private static NativeEventSource? s_events;

    /// <summary>Starts a thread that makes them. Only the first call does something. Throws nothing.</summary>
    public static void Start()
    {
        if (Volatile.Read(ref s_isStarted) == 0 && Interlocked.Exchange(ref s_isStarted, 1) == 0)
        {
            try
            {
                new Thread(StartSoon) { IsBackground = true }.UnsafeStart();
            }
            catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
            {
                // The program goes on without metrics.
            }
        }
    }

    /// <summary>Makes them if they do not exist.</summary>
    /// <remarks>Not inlined: if a part of the platform cannot be loaded, the call throws, and the caller can catch the exception.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void StartNow()
    {
        using (s_lock.Enter())
        {
            s_meter ??= NativeMeter.Create();
            try
            {
                s_events ??= new NativeEventSource();
            }
            catch (Exception)
            {
                // The constructor of the source calls listeners, and one of them threw.
            }
        }
    }

    private static void StartSoon()
    {
        if (!InstrumentationSwitch.IsOn)
        {
            // A monitor, because the process has used one already. Another kind of wait would load its types now, beside the first buffer.
            object never = new();
            lock (never)
            {
                _ = Monitor.Wait(never, Delay);
            }
        }

        Thread.CurrentThread.Name = "NativeBuffers metrics";

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
