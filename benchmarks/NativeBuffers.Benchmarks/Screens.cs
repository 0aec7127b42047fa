using System.Runtime.InteropServices;
using Spectre.Console;

namespace NativeBuffers.Benchmarks;

/// <summary>Where the tables of the verbs appear: a bar on the error stream while they measure, and the table alone on the output.</summary>
internal static class Screens
{
    /// <summary>Measures under a bar.</summary>
    /// <param name="first">What the bar says at first.</param>
    /// <param name="steps">The length of the bar.</param>
    /// <param name="measure">Draws the bar between measurements, never during one.</param>
    public static T WithBar<T>(string first, int steps, Func<ProgressContext, ProgressTask, T> measure)
    {
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsErrorRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Error),
        });
        return screen.Progress().AutoRefresh(false).AutoClear(true).Start(context => measure(context, context.AddTask(first, maxValue: steps)));
    }

    /// <summary>A table with a first column of texts.</summary>
    /// <param name="texts">The headings of columns of texts.</param>
    /// <param name="figures">The headings of columns of figures.</param>
    public static Table Table(string[] texts, IEnumerable<string> figures)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns(texts);
        foreach (string heading in figures)
        {
            table.AddColumn(heading, static column => column.RightAligned().NoWrap());
        }

        return table;
    }

    /// <summary>Prints a table, the machine, and further lines.</summary>
    public static void Print(Table table, params IEnumerable<string> lines)
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
        foreach (string line in lines)
        {
            page.WriteLine(line);
        }
    }
}
