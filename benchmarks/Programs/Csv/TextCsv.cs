using System.Globalization;
using System.Text;
using Programs.Rows;

namespace Programs.Csv;

/// <summary>Each line, each field and each row is an object.</summary>
internal static class TextCsv
{
    public static string Run(byte[] input)
    {
        var rows = new List<TextRow>();
        using var reader = new StreamReader(new MemoryStream(input), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split(',');
            int cents = (int)(decimal.Parse(fields[1], CultureInfo.InvariantCulture) * 100);
            rows.Add(new TextRow(fields[0], cents, int.Parse(fields[2], CultureInfo.InvariantCulture)));
        }

        return TextRow.AnswerOf(rows);
    }
}
