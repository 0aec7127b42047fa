using System.Globalization;

namespace NativeBuffers.Benchmarks.Scale;

/// <summary>The options after the verb <c>scale</c>.</summary>
internal sealed record ScaleArguments
{
    private const int MostThreads = 1024;

    /// <summary>The most threads that work at a time.</summary>
    public int Threads { get; private init; } = Environment.ProcessorCount;

    /// <summary>Only rows whose name contains this.</summary>
    public string Only { get; private init; } = "";

    public bool AsksForHelp { get; private init; }

    /// <summary>The mistake in the arguments, or null.</summary>
    public string? Mistake { get; private init; }

    /// <summary>The numbers of threads of the table's columns: powers of two, and the most.</summary>
    public IReadOnlyList<int> Columns =>
        [.. Enumerable.Range(0, 11).Select(static power => 1 << power).Where(count => count < Threads), Threads];

    public static ScaleArguments Parse(ReadOnlySpan<string> words) => words switch
    {
        [] => new ScaleArguments(),
        ["--help" or "-h" or "-?", .. var rest] => Parse(rest) with { AsksForHelp = true },
        ["--only", var text, .. var rest] when !text.StartsWith('-') => Parse(rest) with { Only = text },
        ["--only", ..] => new ScaleArguments { Mistake = "--only needs a text to look for." },
        ["--threads", var number, .. var rest] when IsCount(number, out int threads) => Parse(rest) with { Threads = threads },
        ["--threads", ..] => new ScaleArguments { Mistake = $"--threads needs a whole number from 1 to {MostThreads}." },
        [var word, ..] => new ScaleArguments { Mistake = $"scale does not know '{word}'; try --help." },
    };

    private static bool IsCount(string text, out int threads) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threads) && threads is >= 1 and <= MostThreads;
}
