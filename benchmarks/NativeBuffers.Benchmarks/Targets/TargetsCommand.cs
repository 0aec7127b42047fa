using Spectre.Console;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The verb <c>targets</c>: measures, and says which targets are met.</summary>
internal static class TargetsCommand
{
    /// <summary>How often everything is warmed up, with a pause in which the background compiler finishes.</summary>
    private const int WarmUps = 6;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    public static int Run(string[] words) => TableArguments.Run(
        words,
        ["--strict", "--short"],
        Measurement.All,
        static measurement => measurement.Name,
        static (chosen, arguments) =>
        {
            var effort = new Effort(arguments.IsShort);
            List<TargetRow> rows = Measure(chosen, effort);
            Print(rows, effort);
            return arguments.IsStrict && !rows.All(static row => row.IsMet) ? 1 : 0;
        });

    private static List<TargetRow> Measure(Measurement[] measurements, Effort effort) =>
        Screens.WithBar("Warming up", measurements.Length + effort.Rounds(WarmUps), (context, progress) =>
        {
            for (int i = 0; i < effort.Rounds(WarmUps); i++)
            {
                context.Refresh();
                Array.ForEach(measurements, each => each.WarmUp(effort));
                Thread.Sleep(s_pause);
                progress.Increment(1);
            }

            List<TargetRow> rows = [];
            foreach (Measurement measurement in measurements)
            {
                progress.Description = Markup.Escape(measurement.Name);
                context.Refresh();
                rows.AddRange(measurement.Run(effort));
                progress.Increment(1);
            }

            return rows;
        });

    private static void Print(List<TargetRow> rows, Effort effort)
    {
        Table table = Screens.Table(["what", "against"], ["ours", "theirs", "ratio", "min-max", "target", "met"]);
        foreach (TargetRow row in rows)
        {
            table.AddRow(row.What, row.Against, row.Ours, row.Theirs, row.Ratio, row.Spread, row.Target, row.IsMet ? "[green]yes[/]" : "[red]NO[/]");
        }

        IEnumerable<string> isShort =
            effort.IsShort ? ["Short: few and short rounds, and not the best code. The figures show that each row runs, and are rough."] : [];
        Screens.Print(
            table,
            [
                .. isShort,
                $"{rows.Count(static row => row.IsMet)} of {rows.Count} targets met. Measured elsewhere:",
                "- the instructions of loop bodies: dotnet test (the CodeGen tests)",
                "- One Billion Row, safe against raw: dotnet run -c Release --project benchmarks/OneBillionRows",
            ]);
    }
}
