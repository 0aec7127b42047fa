using System.Globalization;
using System.Runtime.InteropServices;
using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Pools;
using Spectre.Console;

namespace NativeBuffers.Benchmarks.Many;

/// <summary>The verb <c>many</c>: the time of blocks of which many are live at once, as multiples of mimalloc's.</summary>
internal static class ManyCommand
{
    /// <summary>Enough calls of each loop, on few blocks, for the compiler's best code.</summary>
    private const int WarmUps = 60;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);

    public static int Run(string[] words)
    {
        ManyArguments arguments = ManyArguments.Parse(words);
        if (arguments.AsksForHelp)
        {
            Console.WriteLine(Usage.Text);
            return 0;
        }

        ManyRow[] rows = [.. ManyRow.All.Where(row => row.What.Contains(arguments.Only, StringComparison.OrdinalIgnoreCase))];
        if ((arguments.Mistake ?? (rows is [] ? $"No row's name contains '{arguments.Only}'." : null)) is string mistake)
        {
            Console.Error.WriteLine(mistake);
            return 2;
        }

        if (!FunctionsLoops.TryLoad())
        {
            Console.Error.WriteLine("many compares with mimalloc: install libmimalloc2.0.");
            return 1;
        }

        Print(Measure(rows));
        return 0;
    }

    private static Table Measure(ManyRow[] rows)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("live blocks");
        foreach (string heading in (string[])["mimalloc", "bare", "rented", "owner"])
        {
            table.AddColumn(heading, static column => column.RightAligned().NoWrap());
        }

        // The bar is drawn between measurements, never during one.
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsErrorRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Error),
        });
        screen.Progress().AutoRefresh(false).AutoClear(true).Start(context =>
        {
            ProgressTask progress = context.AddTask("Warming up", maxValue: rows.Length);
            context.Refresh();
            WarmUp();
            foreach (ManyRow row in rows)
            {
                progress.Description = Markup.Escape(row.What);
                context.Refresh();
                table.AddRow([row.What, .. CellsOf(row)]);
                progress.Increment(1);
            }
        });
        return table;
    }

    private static void WarmUp()
    {
        ManyAlive few = ManyAlive.Ordered(100, ManyAlive.OrderNames[0]);
        for (int i = 0; i < WarmUps; i++)
        {
            _ = few.Mimalloc(10, 64) + few.Bare(10, 64) + few.Rented(10, 64) + few.Owned(10, 64);
            if (i % 20 == 0)
            {
                Thread.Sleep(s_pause);
            }
        }
    }

    private static string[] CellsOf(ManyRow row)
    {
        if (!row.Fits)
        {
            return ["skipped: too little memory", "", "", ""];
        }

        (double mimalloc, double bare, double rented, double owned) = row.Measure();
        return [string.Create(CultureInfo.InvariantCulture, $"{mimalloc:0.0} ns"), Text(bare), Text(rented), Text(owned)];

        static string Text(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static void Print(Table table)
    {
        IAnsiConsole page = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        page.Write(table);
        page.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores.");
        page.WriteLine("All blocks are taken and written, then read and freed. Medians of a block's time; the library's as multiples of mimalloc's.");
        page.WriteLine("A call of mimalloc includes some nanoseconds for the way from C# to C.");
    }
}
