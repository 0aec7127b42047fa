using NativeBuffers.Violations;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Without a report, a correct program still runs to its end, and one line on the error stream says why there is no report.</summary>
[Slow]
public class ReportTroubleTests
{
    private const string Told = "NativeBuffers: guards work without a report, because ";

    public static TheoryData<string> Guards => ["pages", "sampled:1"];

    [Theory]
    [MemberData(nameof(Guards))]
    public async Task The_current_folder_may_be_deleted(string guard)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There a current folder cannot be deleted.");
        await AssertSilentAsync("FolderGone", guard, "");
        await AssertToldAsync("FolderGone", guard, ("NATIVEBUFFERS_GUARD_REPORT", "somewhere"));
    }

    [Theory]
    [MemberData(nameof(Guards))]
    public async Task The_folder_may_be_none(string guard)
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        foreach (string name in (string[])["/nowhere/at/all", file, "no/such/relative", "\uFFFD\uFFFD", new string('x', 5000)])
        {
            await AssertToldAsync("Correct", guard, ("NATIVEBUFFERS_GUARD_REPORT", name));
        }

        await AssertToldAsync("Correct", guard, ("TMPDIR", "/nowhere/at/all"), ("TMP", "/nowhere/at/all"), ("NATIVEBUFFERS_GUARD_REPORT", ""));
        Assert.Equal([file], Directory.GetFileSystemEntries(folder.File("")));
    }

    [Theory]
    [MemberData(nameof(Guards))]
    public async Task The_disk_may_be_full(string guard)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "A small file system has to be mounted.");
        string script = "mkdir \"$NATIVEBUFFERS_GUARD_REPORT\" && mount -t tmpfs -o size={0}k none \"$NATIVEBUFFERS_GUARD_REPORT\" || exit 99; exec \"$@\"";
        foreach (int kilobytes in (int[])[8, 64])
        {
            using var folder = new TemporaryFolder();
            (int exitCode, string output, string errors) = await ShellAsync(
                string.Format(null, script, kilobytes),
                "Correct",
                ["unshare", "--mount"],
                ("NATIVEBUFFERS_GUARD", guard),
                ("NATIVEBUFFERS_GUARD_REPORT", folder.File("small")));
            Assert.SkipWhen(exitCode is 99 or 1 && output.Length == 0, $"No file system can be mounted here: {errors}");
            string expected = kilobytes == 8 ? Told : guard == "pages" ? "tells of some blocks only, because it cannot become longer" : "";
            AssertWentOn(exitCode, output, errors, expected);
        }
    }

    [Theory]
    [InlineData("pages", 8, Told)]
    [InlineData("sampled:1", 8, Told)]
    [InlineData("pages", 128, "tells of some blocks only, because it cannot become longer")]
    [InlineData("sampled:1", 128, "")]
    public async Task Files_may_be_limited_in_length(string guard, int kilobytes, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell sets the limit.");
        using var folder = new TemporaryFolder();
        (int exitCode, string output, string errors) = await ShellAsync(
            $"ulimit -f {kilobytes * 2}; exec \"$@\"", "Correct", [],
                ("NATIVEBUFFERS_GUARD", guard), ("NATIVEBUFFERS_GUARD_REPORT", folder.File("")), ("DOTNET_EnableWriteXorExecute", "0"));
        AssertWentOn(exitCode, output, errors, expected);
        Assert.Empty(Directory.GetFileSystemEntries(folder.File("")));
    }

    [Theory]
    [InlineData("pages", "Correct")]
    [InlineData("sampled:1", "Correct")]
    [InlineData("sampled:1", "SamplesOfTwoSizes")]
    public async Task Addresses_may_be_limited(string guard, string scenario)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell sets the limit.");

        // The runtime itself reserves more unless its heap is limited; 16 GiB for large samples are refused here.
        (int exitCode, string output, string errors) = await ShellAsync(
            "ulimit -v 6000000; exec \"$@\"", scenario, [], ("NATIVEBUFFERS_GUARD", guard), ("DOTNET_GCHeapHardLimit", "8000000"));
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        Assert.EndsWith("went on to the end", output.Trim());
        Assert.DoesNotContain("not zero", output);
    }

    [Theory]
    [InlineData("FilesUsedUp", "pages", "off")]
    [InlineData("FilesUsedUp", "pages", "stacks")]
    [InlineData("FilesUsedUp", "sampled:1", "off")]
    [InlineData("FilesUsedUp", "checked", "sites")]
    [InlineData("FilesUsedUpLater", "off", "off")]
    public async Task No_more_files_may_be_opened(string scenario, string guard, string track)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell sets the limit.");
        (int exitCode, string output, string errors) = await ShellAsync(
            "ulimit -n 300; exec \"$@\"",
            scenario,
            [],
            ("NATIVEBUFFERS_GUARD", guard),
            ("NATIVEBUFFERS_TRACK", track),
            ("DOTNET_TieredCompilation", "0"));

        // The line about the report may be missing: the error stream is a file, too.
        Assert.True(errors.Length == 0 || errors.StartsWith(Told, StringComparison.Ordinal), errors);
        Assert.Equal("went on to the end", output.Trim());
        Assert.Equal(0, exitCode);
    }

    [Theory]
    [MemberData(nameof(Guards))]
    public async Task A_fault_is_printed_without_a_report_too(string guard)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only there a line is written at the fault.");
        (_, string output, string errors) = await ChildProcess.RunProgramAsync(
            typeof(Program), ["ReadAfterFree"], ("NATIVEBUFFERS_GUARD", guard), ("NATIVEBUFFERS_GUARD_REPORT", "/nowhere/at/all"));
        string[] said = output.Split(Environment.NewLine);
        string[] lines = errors.Split(Environment.NewLine);
        Assert.StartsWith(Told, lines[0]);
        Assert.Equal(
            $"NativeBuffers: a guarded block was used wrongly. It was {said[0]}, {said[1]}. There is no report.", lines[1]);
    }

    [Fact]
    public async Task Two_processes_with_one_number_keep_their_reports()
    {
        using var folder = new TemporaryFolder();
        string[] before = await CrashTwiceAsync(folder.File(""));
        Assert.Equal(2, before.Length);
        Assert.All(before, static path => Assert.NotNull(NativeMemoryReport.Read(path).Fault));
    }

    [Fact]
    public async Task A_report_file_is_short()
    {
        await GuardedProgram.RunAsync("pages", "ReadAfterFree", static program =>
        {
            Assert.InRange(new FileInfo(program.ReportPath!).Length, 1, 256 * 1024);
            return Task.CompletedTask;
        });
    }

    /// <summary>Both processes have the number 1, as in containers.</summary>
    private static async Task<string[]> CrashTwiceAsync(string folder)
    {
        for (int i = 0; i < 2; i++)
        {
            (int exitCode, string output, string errors) = await ShellAsync(
                "exec \"$@\"", "ReadAfterFree", ["unshare", "--pid", "--fork"], ("NATIVEBUFFERS_GUARD", "pages"), ("NATIVEBUFFERS_GUARD_REPORT", folder));
            Assert.SkipWhen(output.Length == 0, $"Processes cannot be numbered anew here: {errors}");
            Assert.NotEqual(0, exitCode);
        }

        return Directory.GetFiles(folder, "nativebuffers-1-*.guard");
    }

    private static async Task AssertSilentAsync(string scenario, string guard, string folder)
    {
        (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(
            typeof(Program), [scenario], ("NATIVEBUFFERS_GUARD", guard), ("NATIVEBUFFERS_GUARD_REPORT", folder));
        AssertWentOn(exitCode, output, errors, "");
    }

    private static async Task AssertToldAsync(string scenario, string guard, params (string, string?)[] environment)
    {
        (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(
            typeof(Program), [scenario], [("NATIVEBUFFERS_GUARD", guard), .. environment]);
        AssertWentOn(exitCode, output, errors, Told);
    }

    /// <param name="told">A part of the one line; empty if there must be none.</param>
    private static void AssertWentOn(int exitCode, string output, string errors, string told)
    {
        string[] lines = errors.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        if (told.Length == 0)
        {
            Assert.Empty(lines);
        }
        else
        {
            Assert.Contains(told, Assert.Single(lines));
        }

        Assert.Equal("went on to the end", output.Trim());
        Assert.Equal(0, exitCode);
    }

    /// <summary>Runs a scenario from a shell.</summary>
    /// <param name="script">The script of the shell; its arguments are the command of the scenario.</param>
    /// <param name="scenario">The class of the scenario.</param>
    /// <param name="before">The command that starts the shell.</param>
    /// <param name="environment">Variables.</param>
    private static async Task<ChildResult> ShellAsync(
        string script, string scenario, string[] before, params (string Name, string? Value)[] environment)
    {
        string[] words = [.. before, "sh", "-c", script, "sh", ChildProcess.Host, typeof(Program).Assembly.Location, scenario];
        return await ChildProcess.RunAsync(words[0], words[1..], environment);
    }
}
