using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>The bytes of one chunk of the file, with enough bytes around it for reads of whole words and vectors.</summary>
/// <remarks>
/// <para>Where the file has bytes before and after the chunk, they are read in place. At the file's ends, and before a line
/// that does not end, the chunk is a copy between paddings.</para>
/// <para>Positions count from the ninth byte of the view. So the word before a newline at position p is the word at p of the
/// whole view, and the next line begins at p of <see cref="Names"/>: each of these takes p as it is.</para>
/// </remarks>
internal ref struct Chunk
{
    private const int WordByteCount = sizeof(ulong);

    // Before the first line the temperature's word may begin; after the last one a name's or a block's vector may end.
    private const int FrontByteCount = 64;
    private const int BackByteCount = 64;

    private readonly Span<byte> _buffer;
    private ReadOnlySpan<byte> _view;
    private long _readStart;

    public Chunk(Span<byte> buffer)
    {
        _buffer = buffer;
        buffer[..FrontByteCount].Clear();
    }

    /// <summary>Where the first line of the chunk begins; equal to <see cref="End"/> when no line begins in it.</summary>
    public int FirstLine { get; private set; }

    /// <summary>Where the last line's newline ends. Zeros follow, or the next chunk's lines.</summary>
    public int End { get; private set; }

    /// <summary>The eight bytes before position p, at p.</summary>
    public readonly ReadOnlySpan<byte> Words => _view;

    /// <summary>The byte at position p, at p.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _view[WordByteCount..];

    /// <summary>The bytes after position p, at p.</summary>
    public readonly ReadOnlySpan<byte> Names => _view[(WordByteCount + 1)..];

    /// <summary>The bytes a buffer for such chunks has: the byte before the chunk and an added newline are the 2.</summary>
    public static int BufferLength(int chunkByteCount) =>
        checked(FrontByteCount + 2 + chunkByteCount + LineRules.MaxLineByteCount + BackByteCount);

    /// <summary>The part of the file to give to <see cref="Load"/>: the chunk, and the bytes around it.</summary>
    public static (long Start, int Length) WindowOf(FileChunk part, long fileLength)
    {
        long start = Math.Max(0, part.ReadStart - FrontByteCount);
        return (start, (int)(Math.Min(part.ReadEnd + BackByteCount, fileLength) - start));
    }

    /// <summary>Finds the lines that the chunk owns.</summary>
    public void Load(ReadOnlySpan<byte> window, FileChunk part)
    {
        _readStart = part.ReadStart;
        int front = (int)Math.Min(_readStart, FrontByteCount);
        int readCount = (int)Math.Min(part.ReadEnd - _readStart, window.Length - front);
        int ownedCount = (int)(part.End - _readStart);
        ReadOnlySpan<byte> bytes = window.Slice(front, readCount);

        int first = part.Start == 0 ? 0 : bytes[..(ownedCount - 1)].IndexOf((byte)'\n') + 1;

        // The newline at or after the chunk's last byte ends its last line. Where there is none, the file ends
        // without one, or this line is too long: cut off here it is still longer than any valid line.
        int last = bytes[(ownedCount - 1)..].IndexOf((byte)'\n');
        int end = last >= 0 ? ownedCount + last : readCount + 1;
        if (first == 0 && part.Start != 0)
            first = end;

        FirstLine = FrontByteCount - WordByteCount + first;
        End = FrontByteCount - WordByteCount + end;
        if (front == FrontByteCount && last >= 0 && window.Length >= FrontByteCount + end + BackByteCount)
        {
            _view = window;
            return;
        }

        bytes.CopyTo(_buffer[FrontByteCount..]);
        Span<byte> behind = _buffer.Slice(FrontByteCount + end - 1, 1 + BackByteCount);
        behind.Clear();
        behind[0] = (byte)'\n';
        _view = _buffer;
    }

    /// <summary>The offset in the file of a position in this chunk.</summary>
    public readonly long OffsetOf(int position) => _readStart + position - (FrontByteCount - WordByteCount);
}
