namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The options after the verb <c>targets</c>.</summary>
internal sealed record TargetsArguments
{
    /// <summary>Whether a missed target makes the exit code 1.</summary>
    public bool IsStrict { get; private init; }

    /// <summary>Whether to measure a few rounds only.</summary>
    public bool IsShort { get; private init; }

    public bool AsksForHelp { get; private init; }

    /// <summary>Only rows whose name contains this.</summary>
    public string Only { get; private init; } = "";

    /// <summary>The mistake in the arguments, or null.</summary>
    public string? Mistake { get; private init; }

    public static TargetsArguments Parse(ReadOnlySpan<string> words) => words switch
    {
        [] => new TargetsArguments(),
        ["--strict", .. var rest] => Parse(rest) with { IsStrict = true },
        ["--short", .. var rest] => Parse(rest) with { IsShort = true },
        ["--help" or "-h" or "-?", .. var rest] => Parse(rest) with { AsksForHelp = true },
        ["--only", var text, .. var rest] when !text.StartsWith('-') => Parse(rest) with { Only = text },
        ["--only", ..] => new TargetsArguments { Mistake = "--only needs a text to look for." },
        [var word, ..] => new TargetsArguments { Mistake = $"targets does not know '{word}'; try --help." },
    };
}
