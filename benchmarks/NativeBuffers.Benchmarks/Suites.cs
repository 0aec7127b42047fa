using BenchmarkDotNet.ConsoleArguments;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;

namespace NativeBuffers.Benchmarks;

/// <summary>The suites of BenchmarkDotNet, by its own command line.</summary>
internal static class Suites
{
    private static readonly string[] s_questions = ["--list", "--info", "--version"];

    /// <summary>The mistake in the arguments, in one line; null if there is none.</summary>
    public static string? MistakeIn(string[] words)
    {
        var said = new AccumulationLogger();
        bool isUnderstood = ConfigParser.Parse(words, said, SuiteConfig.Instance).isSuccess;
        string[] lines = said.GetLog().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int heading = Array.IndexOf(lines, "ERROR(S):");
        if (heading >= 0 && heading + 1 < lines.Length)
        {
            return $"{lines[heading + 1]} Try --help.";
        }

        return isUnderstood || Array.Exists(words, s_questions.Contains) ? null : "Arguments not understood; try --help.";
    }

    /// <summary>Runs the chosen benchmarks; false if none was chosen, or one failed.</summary>
    public static bool Run(string[] words)
    {
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(Suites).Assembly).Run(words, SuiteConfig.Instance).ToList();
        return summaries.Count == 0
            ? Array.Exists(words, s_questions.Contains)
            : summaries.TrueForAll(static s => !s.HasCriticalValidationErrors && s.Reports.All(static report => report.Success));
    }
}
