using System.Globalization;
using System.Text;
using Programs.Rows;

namespace Programs.Csv;

/// <summary>Makes lines of <c>name,price,quantity</c>.</summary>
internal static class CsvInput
{
    public static byte[] Make(int rows)
    {
        var random = new Random(1);
        var text = new StringBuilder();
        for (int row = 0; row < rows; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Names.Next(random)},{random.Next(1000)}.{random.Next(100):00},{random.Next(1, 50)}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
