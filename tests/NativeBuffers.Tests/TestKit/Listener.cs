using System.Diagnostics.Metrics;
using NativeBuffers.Diagnostics.Metrics;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A real listener to the meter.</summary>
internal sealed class Listener : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<(string Name, string Tags), long> _values = [];

    public Listener()
    {
        NativeMetrics.StartNow();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "NativeBuffers")
            {
                Instruments.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _values[(instrument.Name, Text(tags))] = value);
        _listener.Start();
    }

    /// <summary>All that were published.</summary>
    public List<Instrument> Instruments { get; } = [];

    /// <summary>Collects once.</summary>
    public Dictionary<(string Name, string Tags), long> Collect()
    {
        _values.Clear();
        _listener.RecordObservableInstruments();
        return new(_values);
    }

    public void Dispose() => _listener.Dispose();

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = "";
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            text += (text.Length > 0 ? "," : "") + $"{tag.Key}={tag.Value}";
        }

        return text;
    }
}
