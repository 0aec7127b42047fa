using System.Text;

namespace NativeBuffers.Os;

/// <summary>Strings that become names of the system.</summary>
/// <remarks>
/// Unix takes them as bytes of UTF-8, which carries whole characters only. Half a surrogate pair would become U+FFFD, so that
/// two strings would be one name; and a name would end at U+0000.
/// </remarks>
internal static class SystemName
{
    /// <summary>Throws for a path that UTF-8 cannot carry. Windows takes any string without U+0000.</summary>
    /// <exception cref="ArgumentException">There is such a character in it, or it is empty.</exception>
    public static void ThrowIfNoPath(string path, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(path, parameter);
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The path has U+0000 at index {path.IndexOf('\0', StringComparison.Ordinal)}, where the system would end it.", parameter);
        }

        if (!OperatingSystem.IsWindows())
        {
            ThrowIfBroken(path, parameter);
        }
    }

    /// <summary>Throws for a string that UTF-8 cannot carry.</summary>
    /// <exception cref="ArgumentException">There is half a surrogate pair in it.</exception>
    public static void ThrowIfBroken(string name, string parameter)
    {
        for (int i = 0; i < name.Length;)
        {
            if (!Rune.TryGetRuneAt(name, i, out Rune rune))
            {
                throw new ArgumentException(
                    $"The name has half a surrogate pair, U+{(int)name[i]:X4} at index {i}. Names of the system are UTF-8, which carries whole characters only.",
                    parameter);
            }

            i += rune.Utf16SequenceLength;
        }
    }
}
