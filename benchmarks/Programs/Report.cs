using System.Globalization;
using Spectre.Console;

namespace Programs;

/// <summary>The table of one program.</summary>
internal static class Report
{
    /// <summary>Prints the medians of the runs of each variant.</summary>
    public static void Write(IAnsiConsole console, WholeProgram program, int size, IReadOnlyList<Measured[]> runs)
    {
        Table table = new Table().Title(Text($"{program.Name}, {size} {program.Unit}"));
        table.AddColumn("Variant");
        foreach (string header in (string[])["Time", "Against the first", "Peak resident", "Of the input", "Collections", "Pauses"])
        {
            table.AddColumn(new TableColumn(header).RightAligned());
        }

        for (int i = 0; i < runs.Count; i++)
        {
            double time = Median(runs[i], static run => run.Milliseconds);
            table.AddRow(
                program.Variants[i].Name,
                Text($"{time:0.0} ms"),
                Text($"{time / Median(runs[0], static run => run.Milliseconds):0.00}"),
                Text($"{Median(runs[i], static run => run.PeakBytes) / (1024 * 1024):0} MiB"),
                Text($"{Median(runs[i], static run => run.InputPeakBytes) / (1024 * 1024):0} MiB"),
                Text($"{Median(runs[i], static run => run.Collections):0}"),
                Text($"{Median(runs[i], static run => run.PauseMilliseconds):0.0} ms"));
        }

        console.Write(table);
    }

    private static double Median(Measured[] runs, Func<Measured, double> figure) => runs.Select(figure).Order().ElementAt(runs.Length / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
