namespace NativeBuffers;

/// <summary>What a scope of <see cref="NativeMemoryTracker.AssertNoLeaks()"/> found when it ended.</summary>
public sealed class NativeMemoryLeakException : Exception
{
    internal NativeMemoryLeakException(IReadOnlyList<NativeMemoryLeak> leaks)
        : base(Describe(leaks)) => Leaks = leaks;

    /// <summary>What was lost, by the line that allocated it.</summary>
    public IReadOnlyList<NativeMemoryLeak> Leaks { get; }

    internal static string Describe(IReadOnlyList<NativeMemoryLeak> leaks) =>
        $"{leaks.Sum(static leak => leak.ByteCount):N0} bytes in {leaks.Sum(static leak => leak.BlockCount):N0} {(leaks.Sum(static leak => leak.BlockCount) == 1 ? "block was" : "blocks were")} not given back:"
        + string.Concat(leaks.Select(static leak => $"{Environment.NewLine}  {leak}"));
}
