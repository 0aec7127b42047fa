using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

/// <summary>Listens to the event source in the same process.</summary>
internal sealed class EventRecorder : EventListener
{
    /// <summary>Another thread may find a leak of an earlier test at any time.</summary>
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public EventRecorder() => NativeMetrics.StartNow();

    /// <summary>Events of the thread that made this, counters excepted: name, level, message.</summary>
    public ConcurrentQueue<(string Name, EventLevel Level, string Message)> Events { get; } = [];

    /// <summary>The last values of the counters.</summary>
    public ConcurrentDictionary<string, double> Counters { get; } = [];

    /// <summary>Done for each event, on the thread that tells it.</summary>
    public Action? OnEvent { get; set; }

    /// <summary>Listens, with counters or without.</summary>
    public void Enable(bool counters = false)
    {
        foreach (EventSource source in EventSource.GetSources().Where(static source => source.Name == "NativeBuffers"))
        {
            EnableEvents(
                source,
                EventLevel.Verbose,
                EventKeywords.All,
                counters ? new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "0.1" } : null);
        }
    }

    /// <summary>Listens no longer.</summary>
    public void Disable()
    {
        foreach (EventSource source in EventSource.GetSources().Where(static source => source.Name == "NativeBuffers"))
        {
            DisableEvents(source);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == "EventCounters")
        {
            var counter = (IDictionary<string, object>)eventData.Payload![0]!;
            Counters[(string)counter["Name"]] = (double)(counter.TryGetValue("Increment", out object? increment) ? increment : counter["Mean"]);
        }
        else if (eventData.EventName is not ("EventSourceMessage" or "ManifestData") && Environment.CurrentManagedThreadId == _thread)
        {
            Events.Enqueue((eventData.EventName!, eventData.Level, (string)eventData.Payload![0]!));
            OnEvent?.Invoke();
        }
    }
}
