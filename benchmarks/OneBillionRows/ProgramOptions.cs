using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace OneBillionRows;

/// <summary>The options of the command line.</summary>
internal sealed record ProgramOptions
{
    public const long DefaultRowCount = 10_000_000;
    public const int DefaultRunCount = 31;
    private const long LargestRowCount = 100_000_000_000;
    private const int LargestRunCount = 1000;

    public const string Help = """
        The One Billion Row challenge, solved twice: safe, with NativeBuffers, and raw, with pointers.

        Usage: OneBillionRows [options]

          --rows <n>       rows of the generated input (10000000); it is generated once and kept
          --file <path>    read this file instead: lines of station;temperature
          --output <path>  write the answer, one line, to this file
          --runs <n>       timed runs of each version, of which the medians are shown (31)
          --help           show this text

        Exits with 0 when both versions gave the same answer, 1 when not or when the input cannot be read or is
        malformed, 2 when the options are wrong.
        """;

    public long RowCount { get; private init; } = DefaultRowCount;

    public int RunCount { get; private init; } = DefaultRunCount;

    public string? InputPath { get; private init; }

    public string? OutputPath { get; private init; }

    public bool ShowHelp { get; private init; }

    /// <summary>Reads the arguments; false, with a message of one line, when they are wrong.</summary>
    public static bool TryParse(
        string[] arguments, [NotNullWhen(true)] out ProgramOptions? options, [NotNullWhen(false)] out string? fault)
    {
        var parsed = new ProgramOptions();
        (options, fault) = (null, null);
        var seen = new HashSet<string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            if (name is "--help" or "-h")
            {
                options = parsed with { ShowHelp = true };
                return true;
            }

            if (name is not ("--rows" or "--file" or "--output" or "--runs"))
                fault = $"unknown option '{name}'";
            else if (!seen.Add(name))
                fault = $"{name} is given twice";
            else if (++i == arguments.Length || arguments[i].Length == 0)
                fault = $"{name} needs a value";
            else
                fault = parsed.Add(name, arguments[i], out parsed);

            if (fault != null)
                return false;
        }

        if (seen.IsSupersetOf(["--rows", "--file"]))
            fault = "--rows is for the generated input; it does not go with --file";
        else
            options = parsed;
        return fault == null;
    }

    private string? Add(string name, string value, out ProgramOptions result)
    {
        result = this;
        switch (name)
        {
            case "--file":
                result = this with { InputPath = value };
                return null;
            case "--output":
                result = this with { OutputPath = value };
                return null;
        }

        long largest = name == "--rows" ? LargestRowCount : LargestRunCount;
        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long count) || count < 1 || count > largest)
            return $"{name} needs a whole number from 1 to {largest}, not '{value}'";
        result = name == "--rows" ? this with { RowCount = count } : this with { RunCount = (int)count };
        return null;
    }
}
