using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

/// <summary>Reads the metrics of another process from outside, as <c>dotnet-counters</c> does: through EventPipe.</summary>
internal sealed class EventPipeReader : IDisposable
{
    private readonly EventPipeSession _session;
    private readonly Task _reading;

    private EventPipeReader(int processId, EventPipeProvider provider)
    {
        _session = new DiagnosticsClient(processId).StartEventPipeSession(provider, requestRundown: false);
        _reading = Task.Factory.StartNew(Read, TaskCreationOptions.LongRunning);
    }

    /// <summary>The last measurements, by instrument and tags.</summary>
    public ConcurrentDictionary<(string Name, string Tags), double> Instruments { get; } = [];

    /// <summary>The counters of the event source: the last value, or the sum of increments.</summary>
    public ConcurrentDictionary<string, double> Counters { get; } = [];

    /// <summary>The event source's events.</summary>
    public ConcurrentQueue<(string Name, string Message)> Events { get; } = [];

    /// <summary>The units of instruments.</summary>
    public ConcurrentDictionary<string, string> Units { get; } = [];

    /// <summary>Reads the meter.</summary>
    public static EventPipeReader OfMeter(int processId) => new(processId, new EventPipeProvider(
        "System.Diagnostics.Metrics",
        EventLevel.Informational,
        0x2,
        new Dictionary<string, string>
        {
            ["SessionId"] = Guid.NewGuid().ToString(),
            ["Metrics"] = "NativeBuffers",
            ["RefreshInterval"] = "0.2",
            ["MaxTimeSeries"] = "1000",
            ["MaxHistograms"] = "10",
        }));

    /// <summary>Reads the event source.</summary>
    public static EventPipeReader OfEventSource(int processId) => new(processId, new EventPipeProvider(
        "NativeBuffers", EventLevel.Informational, -1, new Dictionary<string, string> { ["EventCounterIntervalSec"] = "0.2" }));

    public void Dispose()
    {
        try
        {
            _session.Stop();
            _ = _reading.Wait(TimeSpan.FromMinutes(1));
        }
        finally
        {
            _session.Dispose();
        }
    }

    private void Read()
    {
        using var source = new EventPipeEventSource(_session.EventStream);
        source.Dynamic.All += each =>
        {
            if (each.ProviderName == "System.Diagnostics.Metrics")
            {
                Measure(each);
            }
            else if (each.EventName == "EventCounters")
            {
                Count((IDictionary<string, object>)((IDictionary<string, object>)each.PayloadValue(0))["Payload"]);
            }
            else if (each.ProviderName == "NativeBuffers" && each.PayloadNames is ["message"])
            {
                Events.Enqueue((each.EventName, (string)each.PayloadByName("message")));
            }
        };
        source.Process();
    }

    private void Measure(TraceEvent each)
    {
        string field = each.EventName switch
        {
            "CounterRateValuePublished" or "UpDownCounterRateValuePublished" => "value",
            "GaugeValuePublished" => "lastValue",
            _ => "",
        };
        if (field.Length > 0 && (string)each.PayloadByName("meterName") == "NativeBuffers")
        {
            string name = (string)each.PayloadByName("instrumentName");
            Units[name] = (string)each.PayloadByName("unit");
            string value = (string)each.PayloadByName(field);
            if (value.Length > 0)
            {
                Instruments[(name, (string)each.PayloadByName("tags"))] = double.Parse(value, CultureInfo.InvariantCulture);
            }
        }
    }

    private void Count(IDictionary<string, object> counter)
    {
        string name = (string)counter["Name"];
        Counters[name] = (string)counter["CounterType"] == "Sum"
            ? Counters.GetValueOrDefault(name) + (double)counter["Increment"]
            : (double)counter["Mean"];
    }
}
