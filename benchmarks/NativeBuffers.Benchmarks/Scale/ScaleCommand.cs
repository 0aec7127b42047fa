using System.Globalization;
using Spectre.Console;

namespace NativeBuffers.Benchmarks.Scale;

/// <summary>The verb <c>scale</c>: how the time of each work grows with the number of threads.</summary>
internal static class ScaleCommand
{
    public static int Run(string[] words) => TableArguments.Run(
        words,
        ["--threads"],
        ScaleRow.All,
        static row => row.What,
        static (rows, arguments) =>
        {
            int[] columns = ColumnsOf(arguments.Threads);
            Screens.Print(
                Measure(rows, columns),
                "Each thread measures its own time; the figures are medians. In pairs, two threads share the work of one block.",
                "With more threads than cores, the threads take turns, and the time grows for that alone.");
            return 0;
        });

    /// <summary>The numbers of threads of the table's columns: powers of two, and the most.</summary>
    private static int[] ColumnsOf(int threads) =>
        [.. Enumerable.Range(0, 11).Select(static power => 1 << power).Where(count => count < threads), threads];

    private static Table Measure(ScaleRow[] rows, int[] columns) => Screens.WithBar("Measuring", rows.Length * columns.Length, (context, progress) =>
    {
        Table table = Screens.Table(["ns a turn, on threads"], columns.Select(static threads => threads.ToString(CultureInfo.InvariantCulture)));
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

        return table;
    });
}
