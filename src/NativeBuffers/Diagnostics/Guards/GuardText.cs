using System.Buffers;
using System.Text;
using System.Text.Unicode;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>A short text inside a record: UTF-8, up to the first zero. Written without managed memory.</summary>
[InlineArray(ByteCount)]
internal struct GuardText
{
    private const int ByteCount = 72;
    private byte _first;

    /// <summary>Writes a site as <see cref="AllocationSite.ToString"/> does, or <paramref name="unknown"/> if the site has no file.</summary>
    public void Write(AllocationSite site, string unknown = "(unknown)")
    {
        if (site.Line == 0 || site.IsRule)
        {
            Write(site.File is "" ? unknown : site.ToString());
            return;
        }

        // The line number, and as many last characters of the file's name as there is room for.
        Span<byte> line = stackalloc byte[16];
        line[0] = (byte)':';
        _ = site.Line.TryFormat(line[1..], out int digitCount, default, CultureInfo.InvariantCulture);
        line = line[..(digitCount + 1)];
        ReadOnlySpan<char> name = Path.GetFileName(site.File.AsSpan());
        Span<byte> room = this;
        room.Clear();
        int written;
        while (Utf8.FromUtf16(name, room[..(ByteCount - 1 - line.Length)], out _, out written) != OperationStatus.Done)
        {
            name = name[1..];
        }

        line.CopyTo(room[written..]);
    }

    /// <summary>Writes as much of a text as there is room for.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        Span<byte> room = this;
        room.Clear();
        _ = Utf8.FromUtf16(text, room[..^1], out _, out _);
    }

    public override readonly string ToString()
    {
        ReadOnlySpan<byte> room = this;
        int end = room.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? room : room[..end]);
    }
}
