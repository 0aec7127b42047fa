namespace OneBillionRows.Challenge;

/// <summary>A part of the file. It owns the lines that begin in it, also where they end in the next.</summary>
/// <param name="Start">Offset of its first byte.</param>
/// <param name="Length">How many bytes, at least 1.</param>
public readonly record struct FileChunk(long Start, int Length)
{
    /// <summary>The offset after its last byte.</summary>
    public long End => Start + Length;

    /// <summary>
    /// Where its reader begins: one byte early, because a line begins at the chunk's first byte only if a newline
    /// is before it.
    /// </summary>
    public long ReadStart => Math.Max(0, Start - 1);

    /// <summary>Where its reader may stop: a line that begins at the last byte ends before this.</summary>
    public long ReadEnd => End + LineRules.MaxLineByteCount;
}
