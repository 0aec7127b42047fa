using System.Diagnostics;

namespace Programs.Tests;

/// <summary>The program as its user calls it.</summary>
public class CommandLineTests
{
    [Theory]
    [InlineData("--nope")]
    [InlineData("--only")]
    [InlineData("--only", "nope")]
    [InlineData("--size", "3")]
    [InlineData("--only", "csv", "--size", "0")]
    [InlineData("--only", "csv", "--size", "2147483647")]
    [InlineData("--only", "csv", "--size", "x")]
    [InlineData("--runs", "0")]
    [InlineData("--runs", "1001")]
    public void Wrong_options_have_a_message_of_one_line(params string[] words)
    {
        string? mistake = ProgramOptions.Parse(words).Mistake;
        Assert.NotNull(mistake);
        Assert.DoesNotContain('\n', mistake);
    }

    [Fact]
    public void Right_options_have_none()
    {
        Assert.Null(ProgramOptions.Parse([]).Mistake);
        ProgramOptions options = ProgramOptions.Parse(["--runs", "3", "--only", "k-mers", "--size", "1000"]);
        Assert.Equal((null, "k-mers", 1000, 3), (options.Mistake, options.Only!.Name, options.Size, options.RunCount));
        Assert.True(ProgramOptions.Parse(["--help"]).ShowHelp);
    }

    [Fact]
    public void It_prints_a_row_for_each_variant()
    {
        (int exitCode, string output, string errors) = Run("--only", "k-mers", "--size", "1000", "--runs", "1");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.All(WholeProgram.All[2].Variants, variant => Assert.Contains(variant.Name, output, StringComparison.Ordinal));
        Assert.Contains("Pauses", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_options_end_it_with_2_and_help_with_0()
    {
        (int exitCode, string output, string errors) = Run("--nope");
        Assert.Equal((2, "", "Programs: unknown option '--nope' (--help shows the options)\n"), (exitCode, output, errors.ReplaceLineEndings("\n")));
        (exitCode, output, errors) = Run("child", "csv", "9", "1");
        Assert.Equal((2, "", "Programs: unknown option 'child' (--help shows the options)\n"), (exitCode, output, errors.ReplaceLineEndings("\n")));
        (exitCode, output, errors) = Run("--help");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.All(WholeProgram.All, program => Assert.Contains(program.Name, output, StringComparison.Ordinal));
    }

    private static (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Programs.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
