using System.Globalization;
using Spectre.Console;

namespace OneBillionRows;

/// <summary>The table.</summary>
internal static class Report
{
    public static void Write(IAnsiConsole console, Measured safe, Measured raw, bool isIdentical)
    {
        var table = new Table();
        table.AddColumn("Version");
        foreach (string header in (string[])["Seconds", "Ratio", "Managed bytes", "GCs", "Identical output"])
            table.AddColumn(new TableColumn(header).RightAligned());
        foreach (Measured measured in (Measured[])[safe, raw])
        {
            table.AddRow(
                measured.Name,
                Text($"{measured.MedianSeconds:0.0000}"),
                Text($"{measured.RatioTo(raw):0.000}"),
                Text($"{measured.MedianAllocatedBytes:N0}"),
                Text($"{measured.CollectionCount}"),
                isIdentical ? "yes" : "no");
        }

        console.Write(table);

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
