namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>The command <c>nativebuffers-guard</c>.</summary>
[Slow]
public class GuardReportCommandTests
{
    private static readonly Type s_command = typeof(GuardReport.Program);

    [Theory]
    [InlineData("pages")]
    [InlineData("sampled:1")]
    public async Task It_prints_the_fault_first_and_then_the_known_facts(string guard) =>
        await GuardedProgram.RunAsync(guard, "ReadAfterFree", static async program =>
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "Only there, and on Windows, the process notes the address.");
            (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(s_command, [program.ReportPath!]);
            Assert.Equal("", errors);
            Assert.Equal(0, exitCode);
            string[] lines = output.Split(Environment.NewLine);
            Assert.Equal($"Read at byte 8 of a 64-byte block that was freed at {program.At("freed")}, allocated at {program.At("allocated")}.", lines[0]);
            Assert.Contains(
                lines,
                line => line.Contains("freed at ", StringComparison.Ordinal) && line.Contains($"{program.At("freed")}, thread ", StringComparison.Ordinal));

            nuint start = Assert.Single(program.Report!.Blocks).Address;
            (_, output, _) = await ChildProcess.RunProgramAsync(s_command, [program.ReportPath!, $"0x{start + 64:x}"]);
            Assert.StartsWith("Access 1 byte past a 64-byte block that was freed at ", output);
        });

    [Fact]
    public async Task A_folder_or_the_number_of_a_process_leads_to_the_newest_report() =>
        await GuardedProgram.RunAsync("pages", "ReadAfterFree", static async program =>
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "Only there, and on Windows, the process notes the address.");
            string folder = Path.GetDirectoryName(program.ReportPath!)!;
            string name = Path.GetFileName(program.ReportPath!);
            string sentence = $"Read at byte 8 of a 64-byte block that was freed at {program.At("freed")}, allocated at {program.At("allocated")}.";

            // An older report of a process with the same number, and a file that has only the name of a report.
            string[] parts = name.Split('-');
            string older = Path.Combine(folder, $"nativebuffers-{parts[1]}-20200101T000000000-{parts[3]}");
            File.Copy(program.ReportPath!, older);
            string none = Path.Combine(folder, "nativebuffers-1-20100101T000000000-0.guard");
            await File.WriteAllTextAsync(none, "none");
            Assert.Equal([program.ReportPath!, older, none], NativeMemoryReport.Find(folder));

            (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(s_command, [folder]);
            Assert.Equal((0, ""), (exitCode, errors));
            string[] lines = output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(3, lines.Length);
            Assert.StartsWith($"{program.ReportPath}: process {parts[1]}, NativeBuffers.Violations, guarding since ", lines[0]);
            Assert.EndsWith($": {sentence}", lines[0]);
            Assert.StartsWith($"{older}: process ", lines[1]);
            Assert.Contains("is no report", lines[2]);

            File.WriteAllText(older, "none");
            (exitCode, output, errors) = await ChildProcess.RunProgramAsync(s_command, [parts[1]], ("NATIVEBUFFERS_GUARD_REPORT", folder));
            Assert.Equal((0, ""), (exitCode, errors));
            Assert.StartsWith(sentence + Environment.NewLine, output);
        });

    [Fact]
    public async Task One_line_tells_that_nothing_is_found()
    {
        using var folder = new TemporaryFolder();
        string path = Path.GetDirectoryName(folder.File())!;
        await AssertRefusedAsync("has no report that can be read", path, path);
        await AssertRefusedAsync("name one report to explain an address", path, path, "0x7f12");
        await AssertRefusedAsync("There is no report of a process 4711.", path, "4711");
        await AssertRefusedAsync("Could not find", "/nowhere/at/all", "4711");
    }

    private static async Task AssertRefusedAsync(string message, string folder, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(s_command, arguments, ("NATIVEBUFFERS_GUARD_REPORT", folder));
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(message, Assert.Single(errors.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public async Task A_part_of_a_report_is_refused() =>
        await GuardedProgram.RunAsync("pages", "ReadAfterFree", static async program =>
        {
            using var folder = new TemporaryFolder();
            string part = folder.File("part.guard");
            byte[] whole = await File.ReadAllBytesAsync(program.ReportPath!);
            foreach (int length in (int[])[0, 100, 5000, whole.Length / 2])
            {
                await File.WriteAllBytesAsync(part, whole[..length]);
                (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(s_command, [part]);
                Assert.Equal(1, exitCode);
                Assert.Equal("", output);
                Assert.Contains(length < 4096 ? "is no report" : "is only a part of a report", errors);
            }
        });

    [Fact]
    public async Task A_pipe_is_refused_and_not_waited_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo makes one.");
        using var folder = new TemporaryFolder();
        string pipe = folder.File("pipe");
        await ChildProcess.RunAsync("mkfifo", [pipe]);
        (int exitCode, _, string errors) = await ChildProcess.RunProgramAsync(s_command, [pipe]);
        Assert.Equal(1, exitCode);
        Assert.Contains("is no report", errors);
    }

    [Fact]
    public async Task Output_that_cannot_be_written_gives_one_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There it never can be written.");
        (int exitCode, _, string errors) = await ChildProcess.RunAsync(
            "/bin/sh", ["-c", $"exec '{ChildProcess.Host}' '{s_command.Assembly.Location}' --help > /dev/full"]);
        Assert.Single(errors.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(1, exitCode);
    }

    [Theory]
    [InlineData("Could not find", "/nowhere/at-all.guard")]
    [InlineData("is no report of this version", "{this}")]
    [InlineData("'xyz' is not an address", "{this}", "xyz")]
    [InlineData("Name one report")]
    [InlineData("Name one report", "one", "2", "3")]
    [InlineData("Name one report", "--unknown")]
    public async Task A_mistake_gives_one_line_and_exit_code_1(string message, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await ChildProcess.RunProgramAsync(
            s_command, [.. arguments.Select(static word => word.Replace("{this}", s_command.Assembly.Location, StringComparison.Ordinal))]);
        Assert.Equal(1, exitCode);
        Assert.Equal("", output);
        Assert.Contains(message, Assert.Single(errors.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public async Task Help_explains_the_command()
    {
        (int exitCode, string output, _) = await ChildProcess.RunProgramAsync(s_command, ["--help"]);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("nativebuffers-guard REPORT [ADDRESS]", output);
    }
}
