using System.Globalization;

namespace Programs;

/// <summary>The options of the command line.</summary>
internal sealed record ProgramOptions
{
    private const int LargestRunCount = 1000;

    /// <summary>The one program to run; all of them if null.</summary>
    public WholeProgram? Only { get; private init; }

    /// <summary>The size; that of each program if null.</summary>
    public int? Size { get; private init; }

    public int RunCount { get; private init; } = 5;

    public bool ShowHelp { get; private init; }

    /// <summary>The mistake in the arguments, in one line; null if there is none.</summary>
    public string? Mistake { get; private init; }

    public static string Help =>
        "Whole programs, each written in several ways. Prints time, memory, collections and pauses.\n\nUsage: Programs [options]\n\n"
        + "  --only <name>  run one program\n  --size <n>     its size, with --only\n"
        + "  --runs <n>     runs of each variant, of which the medians are shown (5)\n  --help         show this text\n\nPrograms:\n\n"
        + string.Concat(WholeProgram.All.Select(
            static each => Text($"  {each.Name,-14} {each.Unit} ({each.Size}, at most {each.LargestSize})\n")))
        + "\nExits with 0 if all variants of each program gave the same answer, 1 if not, 2 if the options are wrong.";

    public static ProgramOptions Parse(ReadOnlySpan<string> words)
    {
        ProgramOptions options = ParseWords(words);
        return options.Mistake is not null || options.ShowHelp || options.Size is not { } size ? options
            : options.Only is not { } only ? options with { Mistake = "--size needs --only" }
            : size <= only.LargestSize ? options
            : options with { Mistake = Text($"--size needs a whole number from 1 to {only.LargestSize} for {only.Name}, not '{size}'") };
    }

    private static ProgramOptions ParseWords(ReadOnlySpan<string> words) => words switch
    {
        [] => new ProgramOptions(),
        ["--help" or "-h", ..] => new ProgramOptions { ShowHelp = true },
        ["--only", var name, .. var rest] => WholeProgram.All.FirstOrDefault(each => each.Name == name) is { } only
            ? ParseWords(rest) with { Only = only }
            : Wrong($"--only needs one of {string.Join(", ", WholeProgram.All.Select(static each => each.Name))}, not '{name}'"),
        ["--size", var text, .. var rest] => Number(text) is { } size
            ? ParseWords(rest) with { Size = size }
            : Wrong($"--size needs a whole number, not '{text}'"),
        ["--runs", var text, .. var rest] => Number(text) is { } count and <= LargestRunCount
            ? ParseWords(rest) with { RunCount = count }
            : Wrong($"--runs needs a whole number from 1 to {LargestRunCount}, not '{text}'"),
        ["--only" or "--size" or "--runs"] => Wrong($"{words[0]} needs a value"),
        [var word, ..] => Wrong($"unknown option '{word}'"),
    };

    private static ProgramOptions Wrong(string mistake) => new() { Mistake = mistake };

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
