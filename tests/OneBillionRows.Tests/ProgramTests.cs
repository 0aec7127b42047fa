using System.Diagnostics;
using System.Text;

namespace OneBillionRows.Tests;

/// <summary>The program as a user meets it: a process with arguments, two streams and an exit code.</summary>
[Trait("Speed", "Slow")]
public sealed class ProgramTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("one-billion-rows-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Help_names_every_option()
    {
        Outcome outcome = Run("--help");
        Assert.Equal(0, outcome.ExitCode);
        Assert.All((string[])["--rows", "--file", "--output", "--runs", "--help"], o => Assert.Contains(o, outcome.Output, StringComparison.Ordinal));
        Assert.Empty(outcome.Error);
    }

    [Theory]
    [InlineData("unknown option '--row'", "--row", "5")]
    [InlineData("unknown option 'file.txt'", "file.txt")]
    [InlineData("--rows needs a value", "--rows")]
    [InlineData("--file needs a value", "--file", "")]
    [InlineData("--rows needs a whole number", "--rows", "many")]
    [InlineData("--rows needs a whole number", "--rows", "0")]
    [InlineData("--rows needs a whole number", "--rows", "-5")]
    [InlineData("--rows needs a whole number", "--rows", "99999999999999999999")]
    [InlineData("--runs needs a whole number", "--runs", "1.5")]
    [InlineData("--runs is given twice", "--runs", "1", "--runs", "2")]
    [InlineData("does not go with --file", "--rows", "5", "--file", "x")]
    public void Wrong_options_get_one_clear_line(string message, params string[] arguments) =>
        AssertOneLine(Run(arguments), exitCode: 2, message);

    [Fact]
    public void A_missing_file_gets_one_clear_line() =>
        AssertOneLine(Run("--file", Path.Combine(_folder, "missing.txt")), exitCode: 1, "missing.txt");

    [Fact]
    public void A_folder_as_input_gets_one_clear_line() => AssertOneLine(Run("--file", _folder), exitCode: 1, _folder);

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/proc/cpuinfo")]
    public void A_path_that_cannot_be_mapped_gets_one_clear_line(string path)
    {
        if (OperatingSystem.IsLinux())
            AssertOneLine(Run("--file", path), exitCode: 1, "cannot be mapped");
    }

    [Fact]
    public void A_pipe_gets_one_clear_line_and_is_not_waited_for()
    {
        if (!OperatingSystem.IsLinux())
            return;

        string path = Path.Combine(_folder, "pipe");
        using (Process making = Process.Start("mkfifo", [path]))
            making.WaitForExit();
        AssertOneLine(Run("--file", path), exitCode: 1, "cannot be mapped");
    }

    [Fact]
    public void A_malformed_line_gets_one_clear_line_with_its_number() =>
        AssertOneLine(Run("--file", Write("a;1.0\nb;2.0\nc;3.45\n")), exitCode: 1, "line 3 is malformed");

    [Fact]
    public void Too_many_stations_get_one_clear_line() =>
        AssertOneLine(
            Run("--file", Write(string.Concat(Enumerable.Range(0, 10_001).Select(i => $"s{i};1.0\n")))), exitCode: 1, "more than 10000 different stations");

    [Fact]
    public void An_output_that_cannot_be_written_gets_one_clear_line() =>
        AssertOneLine(Run("--file", Write("a;1.0\n"), "--runs", "1", "--output", Path.Combine(_folder, "no", "such", "folder.txt")), 1, "no");

    [Fact]
    public void The_answer_and_the_table_are_written()
    {
        string output = Path.Combine(_folder, "answer.txt");
        Outcome outcome = Run("--file", Write("b;-2.5\na;1.0\nb;3.5"), "--runs", "2", "--output", output);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("{a=1.0/1.0/1.0, b=-2.5/0.5/3.5}\n", File.ReadAllText(output));
        Assert.All((string[])["safe", "raw", "Seconds", "Ratio", "Managed bytes", "GCs", "Identical output", "yes"],
            word => Assert.Contains(word, outcome.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_file_has_an_empty_answer()
    {
        string output = Path.Combine(_folder, "answer.txt");
        Assert.Equal(0, Run("--file", Write(""), "--runs", "1", "--output", output).ExitCode);
        Assert.Equal("{}\n", File.ReadAllText(output));
    }

    [Fact]
    public void The_input_is_generated_once_and_the_same_everywhere()
    {
        if (OperatingSystem.IsWindows())
            return; // Its folder for data of programs is no environment variable's, so it would be the user's own.

        string[] answers = new string[3];
        for (int i = 0; i < answers.Length; i++)
        {
            string output = Path.Combine(_folder, $"answer{i}.txt");
            Outcome outcome = RunIn(Path.Combine(_folder, $"home{i / 2}"), "--rows", "5000", "--runs", "1", "--output", output);
            Assert.Equal(0, outcome.ExitCode);
            Assert.Equal(i != 1, outcome.Error.Contains("Generating", StringComparison.Ordinal));
            answers[i] = File.ReadAllText(output);
        }

        Assert.Equal(answers[0], answers[1]);
        Assert.Equal(answers[0], answers[2]);
        string file = Assert.Single(Directory.GetFiles(Path.Combine(_folder, "home0"), "*", SearchOption.AllDirectories));
        Assert.Equal(5000, File.ReadAllBytes(file).Count(b => b == '\n'));
        Assert.Equal(Oracle.Solve(File.ReadAllText(file)) + "\n", answers[0]);
    }

    [Fact]
    public void A_directory_for_a_file_and_a_missing_output_folder_are_refused_before_any_work()
    {
        AssertOneLine(Run("--file", _folder), 1, "is a directory");
        AssertOneLine(Run("--output", Path.Combine(_folder, "nowhere", "answer.txt")), 1, "there is no directory");
    }

    private static void AssertOneLine(Outcome outcome, int exitCode, string message)
    {
        Assert.Equal(exitCode, outcome.ExitCode);
        string error = Assert.Single(
            outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            l => l.StartsWith("OneBillionRows: ", StringComparison.Ordinal));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(outcome.Output);
    }

    private Outcome Run(params string[] arguments) => RunIn(Path.Combine(_folder, "home"), arguments);

    private static Outcome RunIn(string dataFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OneBillionRows.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment["XDG_DATA_HOME"] = dataFolder;

        // The program optimizes each method at its first call, for its figures. That is most of the time of such short runs.
        start.Environment["DOTNET_TieredCompilation"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, error.Result);
    }

    private string Write(string contents)
    {
        string path = Path.Combine(_folder, "input.txt");
        File.WriteAllText(path, contents);
        return path;
    }

    private sealed record Outcome(int ExitCode, string Output, string Error);
}
