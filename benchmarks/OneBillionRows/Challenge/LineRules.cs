using System.Text;
using System.Text.Unicode;

namespace OneBillionRows.Challenge;

/// <summary>The rules of a line, written plainly: the solutions decide fast, and this class names the mistake.</summary>
/// <remarks>
/// A line is a name of 1 to 100 bytes of UTF-8 without <c>;</c> and newline, then <c>;</c>, then a temperature of one
/// or two digits, a point and one digit, with an optional minus. Lines end with <c>\n</c> alone; the last one may
/// lack it. So a line that ends with <c>\r\n</c> has a bad temperature, and a blank line has no semicolon.
/// </remarks>
public static class LineRules
{
    /// <summary>The longest name, in bytes of UTF-8.</summary>
    public const int MaxNameByteCount = 100;

    /// <summary>The longest line with its newline: a name, then <c>;-99.9\n</c>.</summary>
    public const int MaxLineByteCount = MaxNameByteCount + 7;

    /// <summary>The most different names in one file.</summary>
    public const int MaxStationCount = 10_000;

    /// <summary>Why this line, given without its newline, is none of the challenge; null when it is one.</summary>
    public static string? FaultOf(ReadOnlySpan<byte> line)
    {
        int semicolon = line.IndexOf((byte)';');
        if (line.IsEmpty)
            return "it is blank";
        if (semicolon < 0)
            return "it has no semicolon" + (line.Length > MaxNameByteCount ? $" in its first {MaxNameByteCount + 1} bytes" : "");
        return NameFaultOf(line[..semicolon]) ?? TemperatureFaultOf(line[(semicolon + 1)..]);
    }

    /// <summary>Whether a station may be called this. The caller knows that no newline is in it.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) => NameFaultOf(name) is null && !name.Contains((byte)';');

    private static string? NameFaultOf(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return "the station has no name";
        if (name.Length > MaxNameByteCount)
            return $"the station's name is longer than {MaxNameByteCount} bytes";
        return Utf8.IsValid(name) ? null : "the station's name is not UTF-8";
    }

    private static string? TemperatureFaultOf(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> number = text is [(byte)'-', ..] ? text[1..] : text;
        bool isTemperature = number is [>= (byte)'0' and <= (byte)'9', (byte)'.', >= (byte)'0' and <= (byte)'9']
            or [>= (byte)'0' and <= (byte)'9', >= (byte)'0' and <= (byte)'9', (byte)'.', >= (byte)'0' and <= (byte)'9'];
        return isTemperature ? null : "the temperature is not of the form -99.9 to 99.9 with one decimal";
    }

    /// <summary>The beginning of a line, for a message of one line.</summary>
    internal static string Quote(ReadOnlySpan<byte> line)
    {
        const int shownByteCount = 60;
        var text = new StringBuilder("\"");
        foreach (char c in Encoding.UTF8.GetString(line[..Math.Min(line.Length, shownByteCount)]))
        {
            _ = c switch
            {
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                _ when char.IsControl(c) => text.Append('?'),
                _ => text.Append(c),
            };
        }

        return text.Append(line.Length > shownByteCount ? "…\"" : "\"").ToString();
    }
}
