using System.Globalization;

namespace NativeBuffers.GuardReport;

/// <summary>Reads addresses as people and crash reports write them.</summary>
internal static class Address
{
    /// <summary>Reads <c>0x7f12</c> or <c>7f12</c>.</summary>
    public static bool TryParse(string text, out nuint address)
    {
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text;
        return nuint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address);
    }
}
