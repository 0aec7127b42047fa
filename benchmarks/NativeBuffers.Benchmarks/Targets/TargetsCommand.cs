using System.Runtime.InteropServices;
using Spectre.Console;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The verb <c>targets</c>: measures, and says which targets are met.</summary>
internal static class TargetsCommand
{
    /// <summary>How often everything is warmed up, with a pause in which the background compiler finishes.</summary>
    private static int WarmUps => Effort.Of(6);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    public static int Run(string[] words)
    {
        TargetsArguments arguments = TargetsArguments.Parse(words);
        if (arguments.AsksForHelp)
        {
            Console.WriteLine(Usage.Text);
            return 0;
        }

        Measurement[] chosen = [.. Measurement.All.Where(m => m.Name.Contains(arguments.Only, StringComparison.OrdinalIgnoreCase))];
        if ((arguments.Mistake ?? (chosen is [] ? $"No target's name contains '{arguments.Only}'." : null)) is string mistake)
        {
            Console.Error.WriteLine(mistake);
            return 2;
        }

        Effort.IsShort = arguments.IsShort;
        List<TargetRow> rows = Measure(chosen);
        Print(rows);
        return arguments.IsStrict && !rows.All(static row => row.IsMet) ? 1 : 0;
    }

    private static List<TargetRow> Measure(Measurement[] measurements)
    {
        // The bar goes to the error stream, the table alone to the output. It is drawn between measurements, never during one.
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsErrorRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Error),
        });
        return screen.Progress().AutoRefresh(false).AutoClear(true).Start(context =>
        {
            ProgressTask progress = context.AddTask("Warming up", maxValue: measurements.Length + WarmUps);
            for (int i = 0; i < WarmUps; i++)
            {
                context.Refresh();
                Array.ForEach(measurements, static m => m.WarmUp());
                Thread.Sleep(s_pause);
                progress.Increment(1);
            }

            List<TargetRow> rows = [];
            foreach (Measurement measurement in measurements)
            {
                progress.Description = Markup.Escape(measurement.Name);
                context.Refresh();
                rows.AddRange(measurement.Run());
                progress.Increment(1);
            }

            return rows;
        });
    }

    private static void Print(List<TargetRow> rows)
    {
        IAnsiConsole page = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        if (Console.IsOutputRedirected)
        {
            page.Profile.Width = 160;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns("what", "against");
        foreach (string heading in (string[])["ours", "theirs", "ratio", "min-max", "target", "met"])
        {
            table.AddColumn(heading, static column => column.RightAligned().NoWrap());
        }

        foreach (TargetRow row in rows)
        {
            table.AddRow(row.What, row.Against, row.Ours, row.Theirs, row.Ratio, row.Spread, row.Target, row.IsMet ? "[green]yes[/]" : "[red]NO[/]");
        }

        page.Write(table);
        page.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores.");
        if (Effort.IsShort)
        {
            page.WriteLine("Short: a few rounds a row, and not the best code. The figures show that each row runs, and are rough.");
        }

        page.WriteLine($"{rows.Count(static row => row.IsMet)} of {rows.Count} targets met. Measured elsewhere:");
        page.WriteLine("- the instructions of loop bodies: dotnet test (the CodeGen tests)");
        page.WriteLine("- One Billion Row, safe against raw: dotnet run -c Release --project benchmarks/OneBillionRows");
    }
}
