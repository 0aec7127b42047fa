using System.Globalization;
using System.Text;

namespace OneBillionRows.Tests;

/// <summary>The challenge in the plainest way, with decimals and strings.</summary>
public static class Oracle
{
    public static string Solve(byte[] input) => Solve(Encoding.UTF8.GetString(input));

    public static string Solve(string input)
    {
        var stations = new SortedDictionary<string, List<decimal>>(StringComparer.Ordinal);
        foreach (string line in input.Split('\n'))
        {
            if (line.Length == 0)
                continue;
            string[] fields = line.Split(';');
            if (!stations.TryGetValue(fields[0], out List<decimal>? temperatures))
                stations[fields[0]] = temperatures = [];
            temperatures.Add(decimal.Parse(fields[1], CultureInfo.InvariantCulture));
        }

        return "{" + string.Join(", ", stations.Select(s => $"{s.Key}={Format(s.Value)}")) + "}";
    }

    private static string Format(List<decimal> temperatures)
    {
        decimal mean = Math.Floor((temperatures.Sum() / temperatures.Count * 10) + 0.5m) / 10;
        return string.Create(CultureInfo.InvariantCulture, $"{temperatures.Min():0.0}/{mean:0.0}/{temperatures.Max():0.0}");
    }
}
