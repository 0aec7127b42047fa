using System.Globalization;
using System.Text;
using Programs.Rows;

namespace Programs.JsonLines;

/// <summary>Makes a JSON object a line, with a text, numbers and an array.</summary>
internal static class JsonInput
{
    public static byte[] Make(int lines)
    {
        var random = new Random(2);
        var text = new StringBuilder();
        for (int line = 0; line < lines; line++)
        {
            text.Append("{\"name\":\"").Append(Names.Next(random)).Append("\",\"tags\":[\"").Append(Names.Next(random));
            text.Append(CultureInfo.InvariantCulture, $"\",\"x\"],\"cents\":{random.Next(100_000)},\"quantity\":{random.Next(1, 50)}}}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
