using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Programs;

/// <summary>Runs a variant in a process of its own, so that no other variant's memory counts.</summary>
internal static class Child
{
    /// <summary>The verb that makes this program the child.</summary>
    public const string Verb = "child";

    /// <summary>Starts a process for a variant, and reads its figures.</summary>
    public static Measured Measure(WholeProgram program, int variant, int size)
    {
        string[] words = [Verb, program.Name, Text($"{variant}"), Text($"{size}")];
        string host = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [typeof(Child).Assembly.Location, .. words] : words;
        using Process child = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardOutput = true })!;
        string[] lines = child.StandardOutput.ReadToEnd().Split('\n');
        child.WaitForExit();
        return child.ExitCode == 0 && lines.Length > 5
            ? new Measured(
                Number(lines[0]),
                (long)Number(lines[1]),
                (long)Number(lines[2]),
                (int)Number(lines[3]),
                Number(lines[4]),
                string.Join('\n', lines[5..]))
            : throw new InvalidOperationException(Text($"the process for {program.Name}, {program.Variants[variant].Name}, ended with {child.ExitCode}"));
    }

    /// <summary>The child: runs the variant that the words of <see cref="Measure"/> name. False for other words.</summary>
    public static bool TryRun(ReadOnlySpan<string> words)
    {
        if (words is not [var name, var variantText, var sizeText]
            || WholeProgram.All.FirstOrDefault(each => each.Name == name) is not { } program
            || !int.TryParse(variantText, NumberStyles.None, CultureInfo.InvariantCulture, out int variant)
            || !int.TryParse(sizeText, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            || variant >= program.Variants.Count
            || size < 1
            || size > program.LargestSize)
        {
            return false;
        }

        Run(program, variant, size);
        return true;
    }

    /// <summary>Runs the variant once, and prints the figures and the answer.</summary>
    private static void Run(WholeProgram program, int variant, int size)
    {
        byte[] input = program.Input(size);
        _ = program.Variants[variant].Run(program.Input(program.SmallSize), program.SmallSize);
        GC.Collect();
        long inputPeak = PeakBytes();
        int collections = GC.CollectionCount(0);
        TimeSpan pause = GC.GetTotalPauseDuration();
        long start = Stopwatch.GetTimestamp();
        string answer = program.Variants[variant].Run(input, size);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{milliseconds:0.000}\n{PeakBytes()}\n{inputPeak}\n{GC.CollectionCount(0) - collections}\n");
        text.Append(CultureInfo.InvariantCulture, $"{(GC.GetTotalPauseDuration() - pause).TotalMilliseconds:0.000}\n{answer}");
        Console.Write(text);
    }

    private static long PeakBytes()
    {
        using var self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
