namespace NativeBuffers.Tests.Diagnostics.AheadOfTime;

/// <summary>Diagnostics of a program that was compiled ahead of time, which has other signal handlers and no methods to reflect on.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public sealed class AheadOfTimeTests(PublishedProgram program) : IClassFixture<PublishedProgram>
{
    [Theory]
    [InlineData("OverflowRead", false, "Read 1 byte past a 100-byte block allocated at {0}.")]
    [InlineData("OverflowWrite", true, "Write 1 byte past a 100-byte block allocated at {0}.")]
    [InlineData("WriteAfterFree", true, "Write at byte 8 of a 64-byte block that was freed at {1}, allocated at {0}.")]
    [InlineData("ReadAfterFree", false, "Read at byte 8 of a 64-byte block that was freed at {1}, allocated at {0}.")]
    public async Task A_touched_page_ends_the_program_and_the_report_names_the_lines(string scenario, bool isWrite, string sentence)
    {
        (int exitCode, string[] output, string errors, NativeMemoryReport? report) = await program.RunAsync(scenario, ("NATIVEBUFFERS_GUARD", "pages"));

        Assert.NotEqual(0, exitCode);
        Assert.Contains("Access Violation", errors);
        NativeMemoryFault fault = Assert.IsType<NativeMemoryFault>(report?.Fault);
        Assert.Equal(isWrite, fault.IsWrite);
        Assert.Equal(
            string.Format(
                null,
                sentence,
                At("allocated"),
                output.Any(static line => line.StartsWith("freed at ", StringComparison.Ordinal)) ? At("freed") : ""),
            report.Explain());

        string At(string what) => Assert.Single(output, line => line.StartsWith($"{what} at ", StringComparison.Ordinal))[$"{what} at ".Length..];
    }

    [Fact]
    public async Task A_bus_error_ends_the_program_as_ever_and_is_noted()
    {
        (int exitCode, string[] output, _, NativeMemoryReport? report) = await program.RunAsync("cut", ("NATIVEBUFFERS_GUARD", "pages"));

        const int EndedByBusError = 128 + 7;
        Assert.Equal(EndedByBusError, exitCode);
        string line = Assert.Single(output);
        Assert.StartsWith("page at ", line);
        Assert.Equal(line["page at ".Length..], report?.Fault?.Address.ToString());
        Assert.Equal(false, report?.Fault?.IsWrite);
    }

    [Fact]
    public async Task Null_references_are_caught_as_ever()
    {
        (int exitCode, string[] output, string errors, _) = await program.RunAsync("NullReferences", ("NATIVEBUFFERS_GUARD", "pages"));

        Assert.Equal("", errors);
        Assert.Equal(["caught 20000", "fault False", "went on to the end"], output);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task Different_stacks_stay_different_and_begin_with_the_users_methods()
    {
        (_, string[] lines, string errors, _) = await program.RunAsync("ways", ("NATIVEBUFFERS_TRACK", "stacks"));

        const string Scenario = "NativeBuffers.Aot.SameOffsets";
        Assert.Equal("", errors);
        Assert.Equal(2, lines.Length);
        Assert.EndsWith($";NativeBuffers.Aot.Program.Main;{Scenario}.Run;{Scenario}.Left;{Scenario}.Make 100", lines[0]);
        Assert.EndsWith($";NativeBuffers.Aot.Program.Main;{Scenario}.Run;{Scenario}.Right;{Scenario}.Make 120", lines[1]);
        Assert.All(lines, static line => Assert.Matches("^\\(unknown, at 0x[0-9A-F]+ of the program\\);", line));
    }
}
