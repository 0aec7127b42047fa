namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Two copies of a scoped owner that are both disposed: reported with all lines, once a site. Similar code that is correct is not reported.</summary>
[Slow]
public class DoubleDisposalTests
{
    [Theory]
    [InlineData("sites")]
    [InlineData("stacks")]
    [InlineData("checked")]
    [InlineData("pages")]
    [InlineData("sampled:1")]
    public async Task The_second_disposal_is_reported_with_three_lines(string mode)
    {
        GuardedProgram program = await RunAsync(mode, "DisposedTwice");
        AssertTold(program);
        Assert.Equal(0, program.ExitCode);
    }

    [Theory]
    [InlineData("sites")]
    [InlineData("checked")]
    [InlineData("pages")]
    public async Task A_mistake_that_is_made_often_is_reported_once(string mode)
    {
        GuardedProgram program = await RunAsync(mode, "ListDisposedTwice");
        AssertTold(program);
    }

    [Theory]
    [InlineData("sites")]
    [InlineData("checked")]
    [InlineData("pages")]
    [InlineData("sampled:1")]
    public async Task Correct_disposals_are_not_reported(string mode)
    {
        GuardedProgram program = await RunAsync(mode, "DisposedRightly");
        AssertSilent(program);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sites")]
    [InlineData("stacks")]
    [InlineData("checked")]
    [InlineData("pages")]
    public async Task A_stack_walk_does_not_overflow_the_stack(string mode)
    {
        GuardedProgram program = await RunAsync(mode, "StackNearlyFull");
        AssertSilent(program);
    }

    private static void AssertTold(GuardedProgram program) =>
        Assert.Equal(
            "NativeBuffers: Double disposal: two copies of an owner of 64 bytes were disposed; the second freed nothing. "
            + $"Allocated at {program.At("allocated")}; disposed at {program.At("freed")}, and again at {program.At("again")}.",
            program.Errors.Trim());

    private static void AssertSilent(GuardedProgram program)
    {
        Assert.Equal("", program.Errors);
        Assert.Equal(["went on to the end"], program.Said);
    }

    private static Task<GuardedProgram> RunAsync(string mode, string scenario) =>
        mode is "sites" or "stacks" ? GuardedProgram.RunAsync("", scenario, track: mode) : GuardedProgram.RunAsync(mode, scenario);
}
