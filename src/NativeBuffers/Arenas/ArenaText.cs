using System.Text;

namespace NativeBuffers.Arenas;

/// <summary>Copies of texts in an arena.</summary>
internal static class ArenaText
{
    /// <inheritdoc cref="NativeArena.CopyString"/>
    public static Span<char> Copy(ArenaHandle handle, scoped ReadOnlySpan<char> text, bool isZeroTerminated)
    {
        Span<char> copy = Allocate<char>(handle, text.Length, isZeroTerminated);
        text.CopyTo(copy);
        return copy;
    }

    /// <inheritdoc cref="NativeArena.CopyUtf8String"/>
    public static Span<byte> CopyAsUtf8(ArenaHandle handle, scoped ReadOnlySpan<char> text, bool isZeroTerminated)
    {
        Span<byte> copy = Allocate<byte>(handle, Encoding.UTF8.GetByteCount(text), isZeroTerminated);
        _ = Encoding.UTF8.GetBytes(text, copy);
        return copy;
    }

    private static Span<T> Allocate<T>(ArenaHandle handle, int length, bool isZeroTerminated)
        where T : unmanaged
    {
        Span<T> all = handle.Allocate<T>(isZeroTerminated ? int.CreateChecked(length + 1L) : length, zeroed: false);
        if (isZeroTerminated)
        {
            all[length] = default;
        }

        return all[..length];
    }
}
