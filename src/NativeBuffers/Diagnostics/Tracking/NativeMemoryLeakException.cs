namespace NativeBuffers;

/// <summary>Thrown by the end of a scope of <see cref="NativeMemoryTracker.AssertNoLeaks()"/> that has leaks.</summary>
public sealed class NativeMemoryLeakException : Exception
{
    internal NativeMemoryLeakException(IReadOnlyList<NativeMemoryLeak> leaks)
        : base(Describe(leaks)) => Leaks = leaks;

    /// <summary>The leaks, by the lines that allocated the blocks.</summary>
    public IReadOnlyList<NativeMemoryLeak> Leaks { get; }

    internal static string Describe(IReadOnlyList<NativeMemoryLeak> leaks)
    {
        long blockCount = leaks.Sum(static leak => leak.BlockCount);
        return $"{leaks.Sum(static leak => leak.ByteCount):N0} bytes in {blockCount:N0} {(blockCount == 1 ? "block was" : "blocks were")} not given back:"
            + string.Concat(leaks.Select(static leak => $"{Environment.NewLine}  {leak}"));
    }
}
