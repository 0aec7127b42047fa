using System.Runtime.InteropServices;
using OneBillionRows.Challenge;

namespace OneBillionRows.Raw;

/// <summary>The bytes of one chunk of the file, with enough bytes around it for reads of whole words and vectors.</summary>
/// <remarks>
/// Where the file has bytes before and after the chunk, they are read in place. At the file's ends, and before a line
/// that does not end, the chunk is a copy between paddings.
/// </remarks>
internal struct RawChunk
{
    // Before the first line the temperature's word may begin; after the last one a name's or a block's vector may end.
    private const int FrontByteCount = 64;
    private const int BackByteCount = 64;

    private unsafe byte* _buffer;
    private unsafe byte* _data;
    private long _readStart;

    /// <summary>Where the first line of the chunk begins; equal to <see cref="End"/> when no line begins in it.</summary>
    public int FirstLine { get; private set; }

    /// <summary>Where the last line's newline ends. Zeros follow, or the next chunk's lines.</summary>
    public int End { get; private set; }

    public readonly unsafe byte* Data => _data;

    public static RawChunk Allocate(int chunkByteCount)
    {
        unsafe
        {
            // SAFETY: the sum cannot wrap in 64 bits; the byte before the chunk and an added newline are the 2.
            nuint byteCount = FrontByteCount + 2 + (nuint)chunkByteCount + LineRules.MaxLineByteCount + BackByteCount;
            byte* buffer = (byte*)NativeMemory.AlignedAlloc(byteCount, 64);
            NativeMemory.Clear(buffer, FrontByteCount);
            return new RawChunk { _buffer = buffer };
        }
    }

    /// <summary>Finds the lines that the chunk owns.</summary>
    public void Load(RawMapping file, FileChunk part)
    {
        _readStart = part.ReadStart;
        int readCount = (int)(Math.Min(part.ReadEnd, file.Length) - _readStart);
        int ownedCount = (int)(part.End - _readStart);
        unsafe
        {
            // SAFETY: the chunk is inside the file, and the mapping lives longer than the workers.
            var bytes = new ReadOnlySpan<byte>(file.Start + _readStart, readCount);
            int first = part.Start == 0 ? 0 : bytes[..(ownedCount - 1)].IndexOf((byte)'\n') + 1;

            // The newline at or after the chunk's last byte ends its last line. Where there is none, the file ends
            // without one, or this line is too long: cut off here it is still longer than any valid line.
            int last = bytes[(ownedCount - 1)..].IndexOf((byte)'\n');
            int end = last >= 0 ? ownedCount + last : readCount + 1;
            if (first == 0 && part.Start != 0)
                first = end;

            FirstLine = FrontByteCount + first;
            End = FrontByteCount + end;
            if (_readStart >= FrontByteCount && last >= 0 && file.Length - _readStart >= end + BackByteCount)
            {
                _data = file.Start + _readStart - FrontByteCount;
                return;
            }

            // SAFETY: the buffer was allocated for a chunk, the byte before it and the longest line after it, and goes on
            // for BackByteCount bytes after the added newline.
            bytes.CopyTo(new Span<byte>(_buffer + FrontByteCount, readCount));
            _buffer[End - 1] = (byte)'\n';
            NativeMemory.Clear(_buffer + End, BackByteCount);
            _data = _buffer;
        }
    }

    /// <summary>The offset in the file of a position in this chunk.</summary>
    public readonly long OffsetOf(int position) => _readStart + position - FrontByteCount;

    public void Free()
    {
        unsafe
        {
            // SAFETY: the worker that allocated it frees it once, at its end; null is fine.
            NativeMemory.AlignedFree(_buffer);
            _buffer = null;
        }
    }
}
