using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>A short text inside a record: UTF-8, up to the first zero. Written without a managed allocation.</summary>
[InlineArray(ByteCount)]
internal struct GuardText
{
    private const int ByteCount = 72;
    private byte _first;

    /// <summary>The line of an origin, as <see cref="Origin.ToString"/> has it.</summary>
    public void Write(Origin origin)
    {
        if (origin.Line == 0)
        {
            Write(origin.File is "" ? "(unknown)" : origin.File);
            return;
        }

        // Of a name that is too long, the end says more.
        ReadOnlySpan<char> name = Path.GetFileName(origin.File.AsSpan());
        Span<byte> room = this;
        int written;
        while (!Utf8.TryWrite(room[..^1], $"{name}:{origin.Line}", out written))
        {
            name = name[1..];
        }

        room[written..].Clear();
    }

    /// <summary>As much of a text as there is room for.</summary>
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
