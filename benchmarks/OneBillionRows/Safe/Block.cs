using System.Runtime.Intrinsics;
using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>Takes a chunk a block at a time, in three passes that each do one thing to many lines.</summary>
/// <remarks>
/// Parsing line after line, each must wait until the one before has found its end, and a mispredicted branch throws
/// all of that away. Here the newlines are found first, then the temperatures are read, four at once, and then the
/// names are looked up; in each pass the lines are independent, so the processor overlaps many of them. A block is
/// small enough that what one pass leaves is in the first-level cache for the next.
/// </remarks>
internal readonly ref struct Block(Span<int> newlines, Span<Line> lines, Span<Vector256<byte>> names, Span<int> unknown)
{
    /// <summary>One position a byte, in case all are newlines; one before the first; and the room that the search wants.</summary>
    public const int NewlinesLength = 1 + ByteCount + Newlines.Room;

    /// <summary>One line a byte, in case all bytes are newlines; a multiple of the bytes of one step.</summary>
    public const int LinesLength = ByteCount;

    /// <summary>The name after the last newline is stored as well.</summary>
    public const int NamesLength = 1 + LinesLength;

    private const int ByteCount = 4 * 1024;

    private readonly Span<int> _newlines = newlines;
    private readonly Span<Line> _lines = lines;
    private readonly Span<Vector256<byte>> _names = names;
    private readonly Span<int> _unknown = unknown;

    /// <summary>Adds all lines of a chunk. Where the first malformed line begins, or -1.</summary>
    public int AddAll(scoped in Chunk chunk, scoped ref StationTable stations)
    {
        int lineStart = chunk.FirstLine;
        for (int start = lineStart; start < chunk.End; start += ByteCount)
        {
            // The newline before each line, and that of the last one.
            _newlines[0] = lineStart - 1;
            int searchedCount = Math.Min(ByteCount, (chunk.End - start + Newlines.PieceByteCount - 1) & -Newlines.PieceByteCount);
            int lineCount = Newlines.Find(chunk.Bytes.Slice(start, searchedCount), start, _newlines[1..]);

            // Newlines after the end belong to the next chunk.
            while (lineCount > 0 && _newlines[lineCount] >= chunk.End)
                lineCount--;
            if (lineCount == 0)
                continue;

            // Temperatures are read by fours: the last newline is repeated as often as needed.
            _newlines.Slice(1 + lineCount, Temperatures.AtOnce - 1).Fill(_newlines[lineCount]);
            ReadOnlySpan<int> newlines = _newlines[..(1 + lineCount)];
            int roundedCount = (lineCount + Temperatures.AtOnce - 1) & -Temperatures.AtOnce;
            _names[0] = Vector256.Create(chunk.Names.Slice(lineStart - 1, Station.KeyByteCount));
            if (!Temperatures.Read(chunk.Words, _newlines[..(1 + roundedCount)], _lines[..roundedCount], _names))
                return FirstMalformed(chunk.Bytes, newlines);

            ReadOnlySpan<Line> lines = _lines[..lineCount];
            int unknownCount = Tally.AddKnown(lines, _names, stations.Slots, _unknown);
            foreach (int i in _unknown[..unknownCount])
            {
                if (!stations.AddUnknown(chunk.Names[newlines[i]..], lines[i].KeyLength - 1, lines[i].Tenths))
                    return newlines[i] + 1;
            }

            lineStart = _newlines[lineCount] + 1;
        }

        return -1;
    }

    private static int FirstMalformed(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> newlines)
    {
        for (int i = 1; i < newlines.Length; i++)
        {
            int start = newlines[i - 1] + 1;
            if (LineRules.FaultOf(bytes[start..newlines[i]]) != null)
                return start;
        }

        throw new InvalidOperationException("A temperature was taken for malformed, but none is.");
    }
}
