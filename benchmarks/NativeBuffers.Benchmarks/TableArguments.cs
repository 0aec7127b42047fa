using System.Globalization;

namespace NativeBuffers.Benchmarks;

/// <summary>The options after a verb that prints a table.</summary>
internal sealed record TableArguments
{
    private const int MostThreads = 1024;

    /// <summary>Only rows whose name contains this.</summary>
    public string Only { get; private init; } = "";

    /// <summary>Whether a missed target makes the exit code 1.</summary>
    public bool IsStrict { get; private init; }

    /// <summary>Whether to measure a few rounds only.</summary>
    public bool IsShort { get; private init; }

    /// <summary>The most threads that work at a time.</summary>
    public int Threads { get; private init; } = Environment.ProcessorCount;

    private bool AsksForHelp { get; init; }

    /// <summary>The mistake in the arguments, or null.</summary>
    private string? Mistake { get; init; }

    /// <summary>Runs a verb on the rows that its arguments choose, or prints the help, or the mistake in one line.</summary>
    /// <param name="words">The verb and its arguments.</param>
    /// <param name="options">The options that the verb knows, besides <c>--only</c> and <c>--help</c>.</param>
    /// <param name="all">All rows.</param>
    /// <param name="name">The name of a row.</param>
    /// <param name="run">The work. Its result is the exit code.</param>
    /// <returns>The exit code: 2 if the arguments are wrong.</returns>
    public static int Run<TRow>(
        ReadOnlySpan<string> words, string[] options, IEnumerable<TRow> all, Func<TRow, string> name, Func<TRow[], TableArguments, int> run)
    {
        TableArguments arguments = Parse(words[0], options, words[1..]);
        if (arguments.AsksForHelp)
        {
            Console.WriteLine(Usage.Text);
            return 0;
        }

        TRow[] rows = [.. all.Where(row => name(row).Contains(arguments.Only, StringComparison.OrdinalIgnoreCase))];
        if ((arguments.Mistake ?? (rows is [] ? $"No row's name contains '{arguments.Only}'." : null)) is string mistake)
        {
            Console.Error.WriteLine(mistake);
            return 2;
        }

        return run(rows, arguments);
    }

    private static TableArguments Parse(string verb, string[] options, ReadOnlySpan<string> words) => words switch
    {
        [] => new TableArguments(),
        ["--help" or "-h" or "-?", .. var rest] => Parse(verb, options, rest) with { AsksForHelp = true },
        ["--only", var text, .. var rest] when !text.StartsWith('-') => Parse(verb, options, rest) with { Only = text },
        ["--only", ..] => new TableArguments { Mistake = "--only needs a text to look for." },
        [var word, ..] when !options.Contains(word) => new TableArguments { Mistake = $"{verb} does not know '{word}'; try --help." },
        ["--strict", .. var rest] => Parse(verb, options, rest) with { IsStrict = true },
        ["--short", .. var rest] => Parse(verb, options, rest) with { IsShort = true },
        ["--threads", var number, .. var rest] when IsCount(number, out int threads) => Parse(verb, options, rest) with { Threads = threads },
        _ => new TableArguments { Mistake = $"--threads needs a whole number from 1 to {MostThreads}." },
    };

    private static bool IsCount(string text, out int threads) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threads) && threads is >= 1 and <= MostThreads;
}
