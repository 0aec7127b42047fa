using System.Globalization;
using Spectre.Console;

namespace NativeBuffers.GuardReport;

/// <summary>Prints one sentence, and a table about the block and the process.</summary>
internal static class ReportPage
{
    /// <param name="report">The report.</param>
    /// <param name="address">The address to explain; null for the address of the fault.</param>
    public static int Print(NativeMemoryReport report, nuint? address)
    {
        // The sentence first and alone, so that scripts can take the first line.
        Console.WriteLine(address is { } asked ? report.Explain(asked) : report.Explain());

        IAnsiConsole page = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        if (Console.IsOutputRedirected)
        {
            page.Profile.Width = 160;
        }

        Table table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumns("what", "is");
        if ((address ?? report.Fault?.Address) is { } touched)
        {
            Add(table, "address", Hex(touched));
            if (report.FindBlock(touched) is { } block)
            {
                Add(table, block.IsFreed ? "block, freed" : "block", $"{Hex(block.Address)}, {Number(block.ByteCount)} bytes, number {Number(block.Serial)}");
                Add(table, "allocator", block.Allocator);
                Add(table, "allocated at", $"{block.AllocatedAt}, thread {block.AllocatedByThread}");
                if (block.IsFreed)
                {
                    Add(table, "freed at", $"{block.FreedAt}, thread {block.FreedByThread}");
                }
            }
        }

        if (report.Fault is { } fault)
        {
            Add(table, "instruction", Hex(fault.Instruction));
        }

        Add(table, "process", $"{report.ProcessId}, {report.Program}, guarding since {report.StartedAt:u}");
        Add(table, "guarded blocks", $"{Number(report.Blocks.Count(static b => !b.IsFreed))} live, {Number(report.Blocks.Count(static b => b.IsFreed))} freed");
        Add(table, "not guarded", Number(report.UnguardedCount));
        page.Write(table);
        return 0;
    }

    private static void Add(Table table, string what, string value) => table.AddRow(Markup.Escape(what), Markup.Escape(value));

    private static string Hex(nuint address) => $"0x{address:x}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
