using System.Globalization;
using System.Text;

namespace OneBillionRows.Tests;

/// <summary>Valid input of the challenge, with names that are as awkward as allowed.</summary>
public static class RandomInput
{
    private static readonly string[] s_letters = ["a", "b", "Z", " ", "-", ".", "0", "9", "'", "\0", "\r", ":", "<", "é", "ß", "中", "\uFF5E", "🐝"];

    /// <summary>Names with few different letters, of all lengths, some of them the start of longer names.</summary>
    public static string[] Names(Random random, int count)
    {
        var names = new HashSet<string>();
        while (names.Count < count)
            names.Add(random.Next(3) == 0 && names.Count > 0 ? Extend(random, names.ElementAt(random.Next(Math.Min(names.Count, 100)))) : Extend(random, ""));
        return [.. names];
    }

    /// <summary>Lines of these stations, each at least once if there are enough lines; the last newline may be missing.</summary>
    public static string Lines(Random random, string[] names, int count)
    {
        var text = new StringBuilder();
        for (int i = 0; i < count; i++)
            text.Append(i < names.Length ? names[i] : names[random.Next(names.Length)]).Append(';').Append(Temperature(random)).Append('\n');
        if (random.Next(2) == 0)
            text.Length--;
        return text.ToString();
    }

    private static string Temperature(Random random)
    {
        int tenths = random.Next(4) switch
        {
            0 => random.Next(-10, 11),
            1 => random.Next(-100, 101),
            2 => random.Next(2) == 0 ? -999 : 999,
            _ => random.Next(-999, 1000),
        };
        string text = (tenths / 10m).ToString("0.0", CultureInfo.InvariantCulture);
        return tenths == 0 && random.Next(2) == 0 ? "-0.0" : text;
    }

    private static string Extend(Random random, string start)
    {
        var name = new StringBuilder(start);
        int byteCount = random.Next(1, random.Next(4) == 0 ? 101 : 12);
        while (true)
        {
            string letter = s_letters[random.Next(s_letters.Length)];
            int longer = Encoding.UTF8.GetByteCount(name.ToString()) + Encoding.UTF8.GetByteCount(letter);
            if (longer > byteCount)
                return name.Length > 0 ? name.ToString() : "x";
            name.Append(letter);
        }
    }
}
