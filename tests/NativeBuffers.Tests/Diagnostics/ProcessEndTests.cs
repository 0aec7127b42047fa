namespace NativeBuffers.Tests.Diagnostics;

/// <summary>The library's work at the end of a process comes after the program's own handlers.</summary>
[Slow]
public class ProcessEndTests
{
    [Fact]
    public async Task A_block_that_an_exit_handler_disposes_is_no_leak()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(["NATIVEBUFFERS_TRACK=sites"], "late");
        Assert.Contains("40,000 bytes in 1 block is alive", process.Errors);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_block_that_an_exit_handler_spoils_is_found()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(["NATIVEBUFFERS_GUARD=checked"], "late", "spoil");
        Assert.Matches("Overflow: 1 byte past a 40,?000-byte block was overwritten. Allocated at LateDisposal.cs:[0-9]+", process.Errors);
        Assert.Equal(0, process.ExitCode);
    }

    [Theory]
    [InlineData("pages")]
    [InlineData("sampled:1")]
    public async Task A_report_is_there_until_the_last_exit_handler_has_run(string mode)
    {
        string folder = Directory.CreateTempSubdirectory("nativebuffers-late-").FullName;
        try
        {
            ChildResult process = await InstrumentedProgram.RunAsync([$"NATIVEBUFFERS_GUARD={mode}", $"NATIVEBUFFERS_GUARD_REPORT={folder}"], "late", folder);
            Assert.Equal(["1"], process.Lines);
            Assert.Empty(Directory.GetFiles(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
