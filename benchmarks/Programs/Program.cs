using Spectre.Console;

namespace Programs;

/// <summary>Runs each variant of each program in processes of its own, in turns, and shows how they compare.</summary>
internal static class Program
{
    private const int Failure = 1;
    private const int WrongOptions = 2;

    /// <summary>In characters: the table does not fit into fewer.</summary>
    private const int LeastWidth = 100;

    public static int Main(string[] arguments)
    {
        if (arguments is [Child.Verb, .. var words] && Child.TryRun(words))
        {
            return 0;
        }

        ProgramOptions options = ProgramOptions.Parse(arguments);
        if (options.Mistake is not null)
        {
            return Fail($"{options.Mistake} (--help shows the options)", WrongOptions);
        }

        if (options.ShowHelp)
        {
            Console.WriteLine(ProgramOptions.Help);
            return 0;
        }

        try
        {
            foreach (WholeProgram program in options.Only is { } only ? [only] : WholeProgram.All)
            {
                if (!Run(program, options.Size ?? program.Size, options.RunCount))
                {
                    return Fail($"the variants of {program.Name} differ in their answers", Failure);
                }
            }

            return 0;
        }
        catch (InvalidOperationException exception)
        {
            return Fail(exception.Message, Failure);
        }
    }

    private static bool Run(WholeProgram program, int size, int runCount)
    {
        var runs = new Measured[program.Variants.Count][];
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i] = new Measured[runCount];
        }

        for (int run = 0; run < runCount; run++)
        {
            for (int turn = 0; turn < runs.Length; turn++)
            {
                // Each variant goes first in its turn.
                int variant = (run + turn) % runs.Length;
                runs[variant][run] = Child.Measure(program, variant, size);
            }
        }

        AnsiConsole.Profile.Width = int.Max(AnsiConsole.Profile.Width, LeastWidth);
        Report.Write(AnsiConsole.Console, program, size, runs);
        return runs.SelectMany(static each => each).Select(static each => each.Answer).Distinct().Count() == 1;
    }

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"Programs: {message.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
