using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>The bytes of one chunk of the file, between paddings that let the parser read whole words and vectors.</summary>
/// <remarks>
/// Positions count from the buffer's ninth byte. So the word before a newline at position p is the word at p of the
/// whole buffer, and the line behind it begins at p of <see cref="Names"/>: each view takes p as it is.
/// </remarks>
internal ref struct Chunk
{
    private const int WordByteCount = sizeof(ulong);

    // Before the first line the temperature's word may begin; behind the last one a name's or a block's vector may end.
    private const int FrontByteCount = 64;
    private const int BackByteCount = 64;

    private readonly Span<byte> _buffer;
    private long _readStart;

    public Chunk(Span<byte> buffer)
    {
        _buffer = buffer;
        buffer[..FrontByteCount].Clear();
    }

    /// <summary>Where the first line of the chunk begins; equal to <see cref="End"/> when no line begins in it.</summary>
    public int FirstLine { get; private set; }

    /// <summary>Where the last line's newline ends. Zeros follow.</summary>
    public int End { get; private set; }

    /// <summary>The eight bytes before position p, at p.</summary>
    public readonly ReadOnlySpan<byte> Words => _buffer;

    /// <summary>The byte at position p, at p.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _buffer[WordByteCount..];

    /// <summary>The bytes behind position p, at p.</summary>
    public readonly ReadOnlySpan<byte> Names => _buffer[(WordByteCount + 1)..];

    /// <summary>The bytes a buffer for such chunks has: the byte before the chunk and an added newline are the 2.</summary>
    public static int BufferLength(int chunkByteCount) =>
        checked(FrontByteCount + 2 + chunkByteCount + LineRules.MaxLineByteCount + BackByteCount);

    /// <summary>Reads the chunk and finds the lines that it owns.</summary>
    public void Load(ChunkedFile file, FileChunk part)
    {
        _readStart = part.ReadStart;
        int readCount = (int)(Math.Min(part.ReadEnd, file.FileLength) - _readStart);
        int ownedCount = (int)(part.End - _readStart);
        Span<byte> bytes = _buffer.Slice(FrontByteCount, readCount);
        file.Read(bytes, _readStart);

        int first = part.Start == 0 ? 0 : bytes[..(ownedCount - 1)].IndexOf((byte)'\n') + 1;

        // The newline at or behind the chunk's last byte ends its last line. Where there is none, the file ends
        // without one, or this line is too long: cut off here it is still longer than any valid line.
        int last = bytes[(ownedCount - 1)..].IndexOf((byte)'\n');
        int end = last >= 0 ? ownedCount + last : readCount + 1;
        if (first == 0 && part.Start != 0)
            first = end;

        Span<byte> behind = _buffer.Slice(FrontByteCount + end - 1, 1 + BackByteCount);
        behind.Clear();
        behind[0] = (byte)'\n';
        FirstLine = FrontByteCount - WordByteCount + first;
        End = FrontByteCount - WordByteCount + end;
    }

    /// <summary>The offset in the file of a position in this chunk.</summary>
    public readonly long OffsetOf(int position) => _readStart + position - (FrontByteCount - WordByteCount);
}
