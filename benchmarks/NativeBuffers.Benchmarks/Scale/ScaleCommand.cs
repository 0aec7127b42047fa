using System.Globalization;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace NativeBuffers.Benchmarks.Scale;

/// <summary>The verb <c>scale</c>: how the time of each work grows with the number of threads.</summary>
internal static class ScaleCommand
{
    public static int Run(string[] words)
    {
        ScaleArguments arguments = ScaleArguments.Parse(words);
        if (arguments.AsksForHelp)
        {
            Console.WriteLine(Usage.Text);
            return 0;
        }

        ScaleRow[] rows = [.. ScaleRow.All.Where(row => row.What.Contains(arguments.Only, StringComparison.OrdinalIgnoreCase))];
        if ((arguments.Mistake ?? (rows is [] ? $"No row's name contains '{arguments.Only}'." : null)) is string mistake)
        {
            Console.Error.WriteLine(mistake);
            return 2;
        }

        Print(Measure(rows, arguments.Columns));
        return 0;
    }

    private static Table Measure(ScaleRow[] rows, IReadOnlyList<int> columns)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("ns a turn, on threads");
        foreach (int threads in columns)
        {
            table.AddColumn(threads.ToString(CultureInfo.InvariantCulture), static column => column.RightAligned().NoWrap());
        }

        // The bar is drawn between measurements, never during one.
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsErrorRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Error),
        });
        screen.Progress().AutoRefresh(false).AutoClear(true).Start(context =>
        {
            ProgressTask progress = context.AddTask("Measuring", maxValue: rows.Length * columns.Count);
            foreach (ScaleRow row in rows)
            {
                progress.Description = Markup.Escape(row.What);
                List<string> cells = [Markup.Escape(row.What)];
                context.Refresh();
                row.WarmUp();
                foreach (int threads in columns)
                {
                    context.Refresh();
                    cells.Add(row.Measure(threads) is double time ? time.ToString("0.0", CultureInfo.InvariantCulture) : "");
                    progress.Increment(1);
                }

                table.AddRow([.. cells]);
            }
        });
        return table;
    }

    private static void Print(Table table)
    {
        IAnsiConsole page = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        if (Console.IsOutputRedirected)
        {
            page.Profile.Width = 160;
        }

        page.Write(table);
        page.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores.");
        page.WriteLine("Each thread measures its own time; the figures are medians. In pairs, two threads share the work of one block.");
        if (table.Columns.Count > 1 && Environment.ProcessorCount < 16)
        {
            page.WriteLine("With more threads than cores, the threads take turns, and the time grows for that alone.");
        }
    }
}
