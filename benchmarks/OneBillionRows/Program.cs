using OneBillionRows.Challenge;
using Spectre.Console;

namespace OneBillionRows;

/// <summary>Generates the input once, runs both versions on it, and shows how they compare.</summary>
internal static class Program
{
    private const int Failure = 1;
    private const int WrongOptions = 2;
    private const int Interrupted = 130;

    public static int Main(string[] arguments)
    {
        if (!ProgramOptions.TryParse(arguments, out ProgramOptions? options, out string? fault))
            return Fail($"{fault} (--help shows the options)", WrongOptions);

        if (options.ShowHelp)
        {
            Console.WriteLine(ProgramOptions.Help);
            return 0;
        }

        try
        {
            return Run(options);
        }
        catch (Exception e) when (e is MalformedLineException or TooManyStationsException)
        {
            return Fail($"{options.InputPath}: {e.Message}", Failure);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Fail(e.Message, Failure);
        }
        catch (OperationCanceledException)
        {
            return Fail("interrupted", Interrupted);
        }
    }

    private static int Run(ProgramOptions options)
    {
        // Told before minutes of work, not after.
        if (Directory.Exists(options.InputPath))
            return Fail($"{options.InputPath} is a directory, not a file", Failure);
        if (Path.GetDirectoryName(options.OutputPath) is { Length: > 0 } folder && !Directory.Exists(folder))
            return Fail($"there is no directory {folder} to write the result to", Failure);

        string path = options.InputPath ?? MeasurementsFile.Provide(options.RowCount);
        (Measured safe, Measured raw) = Comparison.Run(path, options.RunCount);
        if (options.OutputPath != null)
            File.WriteAllText(options.OutputPath, raw.Answer + "\n");

        bool isIdentical = safe.IsConstant && raw.IsConstant && safe.Answer == raw.Answer;

        Console.WriteLine($"{path}: {new FileInfo(path).Length:N0} bytes, {Environment.ProcessorCount} workers, "
            + $"median of {options.RunCount} runs each");
        Report.Write(AnsiConsole.Console, safe, raw, isIdentical);
        return isIdentical ? 0 : Fail("the two versions differ in their answers", Failure);
    }

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"OneBillionRows: {message.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
