using System.Text;

namespace OneBillionRows.Challenge;

/// <summary>Collects the workers' results, and makes the output line of them.</summary>
public sealed class Results
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StationSummary> _stations = [];

    /// <summary>Adds one worker's summary of a station. A worker adds all of its own inside <see cref="Enter"/>.</summary>
    public void Add(ReadOnlySpan<byte> name, in StationSummary summary)
    {
        string key = Encoding.UTF8.GetString(name);
        _stations[key] = _stations.TryGetValue(key, out StationSummary known) ? known.With(summary) : summary;
        if (_stations.Count > LineRules.MaxStationCount)
            throw new TooManyStationsException();
    }

    /// <summary>One worker at a time.</summary>
    public Lock.Scope Enter() => _lock.EnterScope();

    /// <summary>
    /// The answer: <c>{Abha=-23.0/18.0/59.2, …}</c>, sorted as Java compares strings: by the units of UTF-16.
    /// </summary>
    public string Format()
    {
        string[] names = [.. _stations.Keys];
        Array.Sort(names, StringComparer.Ordinal);
        var text = new StringBuilder("{");
        foreach (string name in names)
        {
            text.Append(text.Length > 1 ? ", " : "").Append(name).Append('=');
            _stations[name].AppendTo(text);
        }

        return text.Append('}').ToString();
    }
}
