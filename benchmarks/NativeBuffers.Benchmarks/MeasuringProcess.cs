using System.Diagnostics;
using System.Globalization;

namespace NativeBuffers.Benchmarks;

/// <summary>Starts this program again, with a verb and with settings that count from the start of a process, and reads the figures that it prints.</summary>
internal static class MeasuringProcess
{
    /// <param name="count">How many figures the process prints, with spaces between them.</param>
    /// <param name="arguments">The verb and its words.</param>
    /// <param name="environment">Variables that the process has instead of those of this process.</param>
    /// <param name="program">The file of the program, if it is a copy.</param>
    /// <exception cref="InvalidOperationException">The process failed, or has printed something else.</exception>
    public static double[] Run(int count, string[] arguments, (string Name, string Value)[]? environment = null, string? program = null)
    {
        var start = new ProcessStartInfo(program ?? Environment.ProcessPath!, arguments) { RedirectStandardOutput = true };
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        using Process child = Process.Start(start)!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        string[] words = output.Split(' ');
        return child.ExitCode == 0 && words.Length == count
            ? [.. words.Select(static word => double.Parse(word, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException($"The process '{string.Join(' ', arguments)}' ended with {child.ExitCode}, and printed: {output}");
    }
}
