using System.Globalization;
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

    public static int Run(string[] words) => TableArguments.Run(
        words,
        [],
        ManyRow.All,
        static row => row.What,
        static (rows, _) =>
        {
            if (!FunctionsLoops.TryLoad())
            {
                Console.Error.WriteLine("many compares with mimalloc: install libmimalloc2.0.");
                return 1;
            }

            Screens.Print(
                Measure(rows),
                "All blocks are taken and written, then read and freed. Medians of a block's time; the library's as multiples of mimalloc's.",
                "A call of mimalloc includes some nanoseconds for the way from C# to C.");
            return 0;
        });

    private static Table Measure(ManyRow[] rows) => Screens.WithBar("Warming up", rows.Length, (context, progress) =>
    {
        Table table = Screens.Table(["live blocks"], ["mimalloc", "bare", "rented", "owner"]);
        context.Refresh();
        WarmUp();
        foreach (ManyRow row in rows)
        {
            progress.Description = Markup.Escape(row.What);
            context.Refresh();
            table.AddRow([row.What, .. CellsOf(row)]);
            progress.Increment(1);
        }

        return table;
    });

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
}
