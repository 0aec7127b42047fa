using System.Text.RegularExpressions;
using NativeBuffers.Instrumented.Tracking;

namespace NativeBuffers.Tests.Diagnostics.Tracking;

/// <summary>Processes that were started with tracking.</summary>
[Slow]
public partial class TrackedProcessTests
{
    private static readonly string[] s_sites = ["NATIVEBUFFERS_TRACK=sites"];
    private static readonly string[] s_stacks = ["NATIVEBUFFERS_TRACK=stacks"];

    [Fact]
    public async Task Live_blocks_at_the_end_are_listed_with_their_lines()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(s_sites, "leaks");
        Assert.Equal(["Sites"], process.Lines);
        Assert.Contains("200 bytes in 2 blocks are alive; at most there were 8,200 bytes.", process.Errors);
        Assert.Matches(@"(?m)^LeaksAtExit.cs:16 +1 +100\r?$", process.Errors);
        Assert.Matches(@"(?m)^System.Int16 +1 +100\r?$", process.Errors);
        Assert.Matches(@"(?m)^Default +2 +200\r?$", process.Errors);
        Assert.Equal(0, process.ExitCode);
    }

    [Theory]
    [InlineData("NATIVEBUFFERS_TRACK=sites", "none")]
    [InlineData("NATIVEBUFFERS_TRACK=off", "some")]
    [InlineData("NATIVEBUFFERS_TRACK=", "some")]
    public async Task Nothing_is_listed_where_nothing_is_alive_or_nothing_was_tracked(string setting, string argument) =>
        Assert.Equal("", (await InstrumentedProgram.RunAsync([setting], "leaks", argument)).Errors);

    [Theory]
    [InlineData("sites")]
    [InlineData("stacks")]
    public async Task Owners_of_every_kind_are_tracked_at_the_line_that_made_them(string mode)
    {
        ChildResult process = await InstrumentedProgram.RunAsync([$"NATIVEBUFFERS_TRACK={mode}"], "kinds");
        Assert.Equal("", process.Errors);
        Assert.Equal(OwnerKinds.All.Count, process.Lines.Length);
        foreach ((string kind, string said) in OwnerKinds.All.Keys.Zip(process.Lines))
        {
            Match match = Shown().Match(said);
            Assert.True(match.Success, said);
            Assert.Equal(kind, match.Groups["kind"].Value);
            string source = Repository.SourceLine(match.Groups["file"].Value, int.Parse(match.Groups["line"].Value));
            Assert.EndsWith($"// {kind}", source);
        }
    }

    [Fact]
    public async Task An_owner_whose_block_could_not_be_released_is_unchanged()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(["NATIVEBUFFERS_GUARD=checked"], "release");
        Assert.Equal(["Not now.", "7", "True"], process.Lines);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task The_peak_of_one_thread_is_exact() =>
        Assert.Equal(
            ["1", "0", "123", "0", "99876", "0", "123", "0", $"{5_000_000_000 - 100_123}", "0", "123", "0"],
            (await InstrumentedProgram.RunAsync([], "peak")).Lines);

    [Fact]
    public async Task Folded_stacks_tell_the_ways_that_led_to_a_line()
    {
        const string Scenario = "NativeBuffers.Instrumented.Tracking.FoldedCalls";
        string[] lines = (await InstrumentedProgram.RunAsync(s_stacks, "folded")).Lines;
        Assert.Equal(2, lines.Length);
        Assert.EndsWith($";{Scenario}.Run;{Scenario}.Left;{Scenario}.Make 100", lines[0]);
        Assert.EndsWith($";{Scenario}.Run;{Scenario}.Right;{Scenario}.Make 20", lines[1]);
        Assert.All(lines, static line => Assert.StartsWith("NativeBuffers.Instrumented.Program.Main;", line));
        Assert.Matches("^FoldedCalls.cs:[0-9]+ 120$", Assert.Single((await InstrumentedProgram.RunAsync(s_sites, "folded")).Lines));
    }

    [Fact]
    public async Task A_forgotten_owner_is_reported_with_its_line()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(s_sites, "abandoned");
        Assert.Equal(["0"], process.Lines);
        Assert.Matches(
            "^NativeBuffers: 80 bytes in 1 block of System.Double, allocated at Abandonment.cs:[0-9]+ from Default: never disposed", process.Errors);
        Assert.Single(process.Errors.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_listener_replaces_the_error_stream()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(s_sites, "abandoned", "listens");
        Assert.Equal("", process.Errors);
        Assert.Matches("^Abandonment.cs:[0-9]+ System.Double 80 True$", process.Lines[0]);
    }

    [Fact]
    public async Task A_scope_of_a_tracked_process_names_the_callers_line_and_type()
    {
        ChildResult process = await InstrumentedProgram.RunAsync(s_sites, "scope");
        Assert.Matches("100 bytes in 1 block of System.Int16, allocated at LossyScope.cs:[0-9]+ from Default: still alive.", process.Lines[1]);
        Assert.Equal("", process.Errors);
    }

    [Fact]
    public async Task Blocks_that_the_program_tracks_itself_count_once() =>
        Assert.Equal(["2", "3", "2", "3"], (await InstrumentedProgram.RunAsync(s_sites, "twice")).Lines);

    [GeneratedRegex("^(?<kind>[^:]+): 1 at (?<file>.+):(?<line>[0-9]+); left: 0$")]
    private static partial Regex Shown();
}
