using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Faults;

namespace NativeBuffers.Tests.Regions;

/// <summary>What ends a process, or takes rights from it, happens in another one.</summary>
public class FaultTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("decommitted", "neighbours 0")]
    [InlineData("protected", "neighbours 0")]
    [InlineData("read-only", "read 7", "neighbours 0")]
    [InlineData("disposed")]
    public async Task Touching_a_page_that_may_not_be_touched_ends_the_process(string how, params string[] before)
    {
        (int exitCode, string[] said, string errors) = await RunAsync(how);
        Assert.Equal([.. before, "touches"], said);
        Assert.NotEqual(0, exitCode);
        Assert.Contains(nameof(AccessViolationException), errors);
    }

    [Fact]
    public async Task Touching_a_discarded_page_does_not()
    {
        (int exitCode, string[] said, _) = await RunAsync("discarded");
        Assert.Equal(["neighbours 0", "touches"], said[..2]);
        Assert.StartsWith("went on with ", said[2]);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task A_process_that_may_lock_little_is_told_the_limit()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Lowers Linux's limit.");
        (int exitCode, string[] said, string errors) = await RunAsync("locks");
        Assert.Equal("", errors);
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
            said);
        Assert.Equal(0, exitCode);
    }

    private static async Task<(int ExitCode, string[] Said, string Errors)> RunAsync(string scenario)
    {
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet");
        var start = new ProcessStartInfo(Path.GetFullPath(host), [typeof(Program).Assembly.Location, scenario])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Stop);
        string output = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop).WaitAsync(s_long, Stop);
        return (process.ExitCode, output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries), await errors);
    }
}
