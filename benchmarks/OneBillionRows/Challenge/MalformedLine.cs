namespace OneBillionRows.Challenge;

/// <summary>Finds the malformed line afterwards, and its mistake.</summary>
/// <remarks>No line is counted while all lines are well formed; the file is read again only if a line is malformed.</remarks>
internal static class MalformedLine
{
    private const int PieceByteCount = 1 << 16;

    public static MalformedLineException At(ChunkedFile file, long lineOffset)
    {
        byte[] piece = new byte[PieceByteCount];
        long number = 1;
        for (long offset = 0; offset < lineOffset; offset += PieceByteCount)
        {
            Span<byte> before = piece.AsSpan(0, (int)Math.Min(PieceByteCount, lineOffset - offset));
            file.Read(before, offset);
            number += before.Count((byte)'\n');
        }

        // Twice the longest line is enough to see that a line is too long, and where a shorter one ends.
        Span<byte> line = piece.AsSpan(0, (int)Math.Min(2 * LineRules.MaxLineByteCount, file.FileLength - lineOffset));
        file.Read(line, lineOffset);
        int end = line.IndexOf((byte)'\n');
        line = end < 0 ? line : line[..end];
        string fault = LineRules.FaultOf(line)
            ?? throw new InvalidOperationException($"line {number} was taken for malformed, but is not");
        return new MalformedLineException(number, fault, LineRules.Quote(line));
    }
}
