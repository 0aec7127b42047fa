using NativeBuffers.Instrumented.PlugIns;

namespace NativeBuffers.Tests.Diagnostics;

/// <summary>Plug-ins: assemblies that are unloaded while the library stays.</summary>
[Slow]
public class PlugInTests
{
    [Theory]
    [InlineData("")]
    [InlineData("NATIVEBUFFERS_TRACK=sites")]
    [InlineData("NATIVEBUFFERS_TRACK=stacks")]
    [InlineData("NATIVEBUFFERS_GUARD=checked")]
    [InlineData("NATIVEBUFFERS_GUARD=pages")]
    [InlineData("NATIVEBUFFERS_GUARD=sampled:2")]
    [InlineData("NATIVEBUFFERS_TRACK=stacks NATIVEBUFFERS_GUARD=checked")]
    public async Task A_plug_in_can_be_unloaded_whatever_it_did(string settings)
    {
        ChildResult process = await InstrumentedProgram.RunAsync(settings.Split(' ', StringSplitOptions.RemoveEmptyEntries), "plug-ins");
        Assert.Equal(PlugInWays.All.Keys.Select(static way => $"{way}: {(way == PlugInWays.Held ? "still loaded" : "unloaded")}"), process.Lines);
    }
}
