using System.Globalization;

namespace OneBillionRows;

/// <summary>A station of the generated input: its name and its mean temperature in degrees.</summary>
internal sealed record WeatherStation(string Name, double Mean)
{
    /// <summary>The stations that the project carries.</summary>
    public static WeatherStation[] ReadAll()
    {
        using Stream list = typeof(WeatherStation).Assembly.GetManifestResourceStream("weather-stations.csv")
            ?? throw new InvalidOperationException("The list of stations is not embedded.");
        using var reader = new StreamReader(list);
        var stations = new List<WeatherStation>();
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split(';');
            stations.Add(new WeatherStation(fields[0], double.Parse(fields[1], CultureInfo.InvariantCulture)));
        }

        return [.. stations];
    }
}
