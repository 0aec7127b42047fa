namespace OneBillionRows.Challenge;

/// <summary>A line of the file is not one of the challenge. The message is one line and names the line's number.</summary>
public sealed class MalformedLineException : Exception
{
    /// <summary>Line <paramref name="lineNumber"/>, counted from 1, is wrong for this reason.</summary>
    public MalformedLineException(long lineNumber, string reason, string quotedLine)
        : base($"line {lineNumber} is malformed: {reason}: {quotedLine}") => LineNumber = lineNumber;

    /// <summary>The number of the line, counted from 1.</summary>
    public long LineNumber { get; }
}
