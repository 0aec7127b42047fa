using System.Text;
using System.Text.Json;
using Programs.Rows;

namespace Programs.JsonLines;

/// <summary>Each line becomes an object with its texts and its array.</summary>
internal static class TextJson
{
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web);

    public static string Run(byte[] input)
    {
        var rows = new List<TextRow>();
        using var reader = new StreamReader(new MemoryStream(input), Encoding.UTF8);
        while (reader.ReadLine() is { } text)
        {
            Line line = JsonSerializer.Deserialize<Line>(text, s_options)!;
            rows.Add(new TextRow(line.Name, line.Cents, line.Quantity));
        }

        return TextRow.AnswerOf(rows);
    }

    private sealed record Line(string Name, string[] Tags, int Cents, int Quantity);
}
