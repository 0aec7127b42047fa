namespace NativeBuffers.Benchmarks.Many;

/// <summary>The options after the verb <c>many</c>.</summary>
internal sealed record ManyArguments
{
    /// <summary>Only rows whose name contains this.</summary>
    public string Only { get; private init; } = "";

    public bool AsksForHelp { get; private init; }

    /// <summary>The mistake in the arguments, or null.</summary>
    public string? Mistake { get; private init; }

    public static ManyArguments Parse(ReadOnlySpan<string> words) => words switch
    {
        [] => new ManyArguments(),
        ["--help" or "-h" or "-?", .. var rest] => Parse(rest) with { AsksForHelp = true },
        ["--only", var text, .. var rest] when !text.StartsWith('-') => Parse(rest) with { Only = text },
        ["--only", ..] => new ManyArguments { Mistake = "--only needs a text to look for." },
        [var word, ..] => new ManyArguments { Mistake = $"many does not know '{word}'; try --help." },
    };
}
