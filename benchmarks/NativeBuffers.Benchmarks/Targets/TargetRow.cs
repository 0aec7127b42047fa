namespace NativeBuffers.Benchmarks.Targets;

/// <summary>A line of the printed table.</summary>
internal sealed record TargetRow(string What, string Against)
{
    public required string Ours { get; init; }

    public string Theirs { get; init; } = "";

    public string Ratio { get; init; } = "";

    /// <summary>The smallest and the largest ratio that a round showed.</summary>
    public string Spread { get; init; } = "";

    public required string Target { get; init; }

    public required bool IsMet { get; init; }
}
