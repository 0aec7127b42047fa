using NativeBuffers.Faults;

namespace NativeBuffers.Tests.Regions;

/// <summary>Tests that end a process, or take rights from it, start a child process for that.</summary>
[Slow]
public class FaultTests
{
    [Theory]
    [InlineData("decommitted", "neighbours 0")]
    [InlineData("protected", "neighbours 0")]
    [InlineData("read-only", "read 7", "neighbours 0")]
    [InlineData("disposed")]
    public async Task Touching_a_page_that_may_not_be_touched_ends_the_process(string how, params string[] before)
    {
        ChildResult child = await ChildProcess.RunProgramAsync(typeof(Program), [how]);
        Assert.Equal([.. before, "touches"], child.Lines);
        Assert.NotEqual(0, child.ExitCode);
        Assert.Contains(nameof(AccessViolationException), child.Errors);
    }

    [Fact]
    public async Task Touching_a_discarded_page_does_not()
    {
        ChildResult child = await ChildProcess.RunProgramAsync(typeof(Program), ["discarded"]);
        Assert.Equal(["neighbours 0", "touches"], child.Lines[..2]);
        Assert.StartsWith("went on with ", child.Lines[2]);
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public async Task A_refused_lock_names_the_limit_of_the_process()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Lowers Linux's limit.");
        ChildResult child = await ChildProcess.RunProgramAsync(typeof(Program), ["locks"]);
        Assert.Equal("", child.Errors);
        Assert.Equal(
            [
                "little: locked",
                "much: False",
                "much: The system refused to lock 1,048,576 bytes in memory. RLIMIT_MEMLOCK lets this process lock 65,536 bytes in all.",
                "commit: The system refused to lock 1,048,576 bytes in memory. RLIMIT_MEMLOCK lets this process lock 65,536 bytes in all.",
                "committed: 8192",
                "grow: The system refused to lock 1,044,480 bytes in memory. RLIMIT_MEMLOCK lets this process lock 65,536 bytes in all.",
                "length: 100, intact: True",
            ],
            child.Lines);
        Assert.Equal(0, child.ExitCode);
    }
}
