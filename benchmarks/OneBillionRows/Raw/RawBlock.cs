using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OneBillionRows.Challenge;

namespace OneBillionRows.Raw;

/// <summary>Takes a chunk a block at a time, in three passes that each do one thing to many lines.</summary>
/// <remarks>
/// Parsing line after line, each must wait until the one before has found its end, and a mispredicted branch throws
/// all of that away. Here the newlines are found first, then the temperatures are read, four at once, and then the
/// names are looked up; in each pass the lines are independent, so the processor overlaps many of them. A block is
/// small enough that what one pass leaves is in the first-level cache for the next.
/// </remarks>
internal struct RawBlock
{
    private const int ByteCount = 4 * 1024;

    // The first position is the newline of the line before; the places after the last one are room for stores of several at once.
    private const int FrontCount = 8;
    private const int BackCount = 8;

    private unsafe int* _newlines;
    private unsafe RawLine* _lines;
    private unsafe int* _unknown;
    private unsafe Vector256<byte>* _names;

    public static RawBlock Allocate()
    {
        unsafe
        {
            // SAFETY: a block has at most one newline a byte, and so at most as many lines, known or not.
            return new RawBlock
            {
                _newlines = (int*)NativeMemory.AlignedAlloc((FrontCount + ByteCount + BackCount) * sizeof(int), 64),
                _lines = (RawLine*)NativeMemory.AlignedAlloc((nuint)(ByteCount + BackCount) * (nuint)sizeof(RawLine), 64),
                _names = (Vector256<byte>*)NativeMemory.AlignedAlloc((ByteCount + BackCount) * 32, 64),
                _unknown = (int*)NativeMemory.Alloc(ByteCount, sizeof(int)),
            };
        }
    }

    /// <summary>Adds all lines of a chunk. Where the first malformed line begins, or -1.</summary>
    public readonly int AddAll(in RawChunk chunk, ref RawStationTable stations)
    {
        int lineStart = chunk.FirstLine;
        for (int start = lineStart; start < chunk.End; start += ByteCount)
        {
            unsafe
            {
                // SAFETY: at least 64 bytes follow the chunk's end, ByteCount is a multiple of 64, and the arrays have room before
                // and after the newlines, for the newline before and for those that make the lines a multiple of four.
                int* newlines = _newlines + FrontCount;
                byte* data = chunk.Data;
                int lineCount = RawNewlines.Find(data, start, Math.Min(start + ByteCount, chunk.End), newlines);

                // Newlines after the end belong to the next chunk.
                while (lineCount > 0 && newlines[lineCount - 1] >= chunk.End)
                    lineCount--;
                if (lineCount == 0)
                    continue;

                newlines[-1] = lineStart - 1;
                new Span<int>(newlines + lineCount, 3).Fill(newlines[lineCount - 1]);
                _names[0] = Vector256.Load(data + lineStart);
                if (!RawTemperatures.Read(data, newlines, lineCount, _lines, _names))
                    return FirstMalformed(data, newlines, lineCount);

                int unknownCount = RawTally.AddKnown(_names, _lines, lineCount, stations.Slots, _unknown);
                for (int k = 0; k < unknownCount; k++)
                {
                    int i = _unknown[k];
                    int nameStart = newlines[i - 1] + 1;
                    if (!stations.AddUnknown(data + nameStart, _lines[i].KeyLength - 1, _lines[i].Tenths))
                        return nameStart;
                }

                lineStart = newlines[lineCount - 1] + 1;
            }
        }

        return -1;
    }

    public void Free()
    {
        unsafe
        {
            // SAFETY: the worker that allocated them frees them once, at its end; null is fine.
            NativeMemory.AlignedFree(_newlines);
            NativeMemory.AlignedFree(_lines);
            NativeMemory.Free(_unknown);
            NativeMemory.AlignedFree(_names);
            this = default;
        }
    }

    private static unsafe int FirstMalformed(byte* data, int* newlines, int lineCount)
    {
        for (int i = 0; i < lineCount; i++)
        {
            int start = newlines[i - 1] + 1;
            if (LineRules.FaultOf(new ReadOnlySpan<byte>(data + start, newlines[i] - start)) != null)
                return start;
        }

        throw new InvalidOperationException("A temperature was taken for malformed, but none is.");
    }
}
