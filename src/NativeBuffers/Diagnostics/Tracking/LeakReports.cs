using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Says that memory was lost: to who listens, or else on the error stream.</summary>
internal static class LeakReports
{
    static LeakReports()
    {
        if (InstrumentationSettings.Tracking != TrackingMode.Off)
        {
            ProcessEnd.Do(TellWhatIsAlive);
        }
    }

    /// <summary>Told of each owner that was forgotten.</summary>
    public static event Action<NativeMemoryLeak>? Found;

    /// <summary>Sees to it that the end of the process is reported.</summary>
    public static void Start()
    {
        // The static constructor does it.
    }

    /// <summary>An owner was forgotten. Never throws.</summary>
    public static void Tell(in BlockRecord record)
    {
        try
        {
            NativeMemoryLeak leak = NativeMemoryLeak.From([record], isAbandoned: true)[0];
            Tally.Count(Happening.Leak, leak.ToString);
            if (Found is { } found)
            {
                found(leak);
            }
            else
            {
                StandardError.WriteLine($"NativeBuffers: {leak}");
            }
        }
        catch (Exception)
        {
            // A finalizer must not throw. Nobody could be told: memory is exhausted, the error stream is closed, or a listener failed.
        }
    }

    private static void TellWhatIsAlive()
    {
        NativeMemorySnapshot snapshot = NativeMemoryTracker.TakeSnapshot();
        if (snapshot.LiveBlocks != 0)
        {
            StandardError.WriteLine("NativeBuffers: at the end of the process, these are still alive:");
            StandardError.WriteLine(snapshot.ToText().TrimEnd());
        }
    }
}
