using System.Text;

namespace NativeBuffers.Platform.Shared;

/// <summary>Checks strings that become names of the system.</summary>
/// <remarks>
/// Unix takes names as bytes of UTF-8, which can encode whole characters only. Half a surrogate pair would become U+FFFD, so different
/// strings would become one name. And a name would end at U+0000.
/// </remarks>
internal static class SystemName
{
    /// <summary>Throws for a path that UTF-8 cannot encode. Windows takes any string without U+0000.</summary>
    /// <exception cref="ArgumentException">The path has such a character, or is empty.</exception>
    public static void ThrowIfNoPath(string path, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(path, parameter);
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"The path has U+0000 at index {path.IndexOf('\0', StringComparison.Ordinal)}, and the system would end it there. Remove that character.",
                parameter);
        }

        if (!OperatingSystem.IsWindows())
        {
            ThrowIfBroken(path, parameter);
        }
    }

    /// <summary>Throws for a string that UTF-8 cannot encode.</summary>
    /// <exception cref="ArgumentException">The string has half a surrogate pair.</exception>
    public static void ThrowIfBroken(string name, string parameter)
    {
        for (int i = 0; i < name.Length;)
        {
            if (!Rune.TryGetRuneAt(name, i, out Rune rune))
            {
                throw new ArgumentException(
                    $"The name has half a surrogate pair, U+{(int)name[i]:X4} at index {i}. Names of the system are UTF-8, which encodes whole characters only.",
                    parameter);
            }

            i += rune.Utf16SequenceLength;
        }
    }
}
