using System.Runtime.InteropServices;
using OneBillionRows.Challenge;

namespace OneBillionRows.Raw;

/// <summary>The bytes of one chunk of the file, between paddings that let the parser read whole words and vectors.</summary>
internal struct RawChunk
{
    // Before the first line the temperature's word may begin; behind the last one a name's or a block's vector may end.
    private const int FrontByteCount = 64;
    private const int BackByteCount = 64;

    private unsafe byte* _data;
    private long _readStart;

    /// <summary>Where the first line of the chunk begins; equal to <see cref="End"/> when no line begins in it.</summary>
    public int FirstLine { get; private set; }

    /// <summary>Where the last line's newline ends. Zeros follow.</summary>
    public int End { get; private set; }

    public readonly unsafe byte* Data => _data;

    public static RawChunk Allocate(int chunkByteCount)
    {
        unsafe
        {
            // SAFETY: the sum cannot wrap in 64 bits; the byte before the chunk and an added newline are the 2.
            nuint byteCount = FrontByteCount + 2 + (nuint)chunkByteCount + LineRules.MaxLineByteCount + BackByteCount;
            var data = (byte*)NativeMemory.AlignedAlloc(byteCount, 64);
            NativeMemory.Clear(data, FrontByteCount);
            return new RawChunk { _data = data };
        }
    }

    /// <summary>Reads the chunk and finds the lines that it owns.</summary>
    public void Load(ChunkedFile file, FileChunk part)
    {
        _readStart = part.ReadStart;
        int readCount = (int)(Math.Min(part.ReadEnd, file.FileLength) - _readStart);
        int ownedCount = (int)(part.End - _readStart);
        unsafe
        {
            // SAFETY: the block was allocated for a chunk, the byte before it and the longest line behind it.
            var bytes = new Span<byte>(_data + FrontByteCount, readCount);
            file.Read(bytes, _readStart);

            int first = part.Start == 0 ? 0 : bytes[..(ownedCount - 1)].IndexOf((byte)'\n') + 1;
            FirstLine = FrontByteCount + first;

            // The newline at or behind the chunk's last byte ends its last line. Where there is none, the file ends
            // without one, or this line is too long: cut off here it is still longer than any valid line.
            int last = bytes[(ownedCount - 1)..].IndexOf((byte)'\n');
            End = FrontByteCount + (last >= 0 ? ownedCount + last : readCount + 1);
            if (first == 0 && part.Start != 0)
                FirstLine = End;

            // SAFETY: End is at most FrontByteCount + readCount + 1, and the block goes on for BackByteCount.
            _data[End - 1] = (byte)'\n';
            NativeMemory.Clear(_data + End, BackByteCount);
        }
    }

    /// <summary>The offset in the file of a position in this chunk.</summary>
    public readonly long OffsetOf(int position) => _readStart + position - FrontByteCount;

    public void Free()
    {
        unsafe
        {
            // SAFETY: the worker that allocated it frees it once, at its end; null is fine.
            NativeMemory.AlignedFree(_data);
            _data = null;
        }
    }
}
