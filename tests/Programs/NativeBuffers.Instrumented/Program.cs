using NativeBuffers.Instrumented.PlugIns;
using NativeBuffers.Instrumented.Tracking;

namespace NativeBuffers.Instrumented;

/// <summary>Plays one scenario: the first argument names it, and the rest are its arguments.</summary>
/// <remarks>A scenario is a class with a method that takes the arguments after its name, and a line here.</remarks>
public static class Program
{
    private static readonly Dictionary<string, Action<string[]>> s_scenarios = new()
    {
        ["abandoned"] = Abandonment.Run,
        ["folded"] = FoldedCalls.Run,
        ["kinds"] = AllKinds.Run,
        ["late"] = LateDisposal.Run,
        ["leaks"] = LeaksAtExit.Run,
        ["peak"] = PeakOfOneThread.Run,
        ["plug-ins"] = Unloading.Run,
        ["release"] = FailedRelease.Run,
        ["scope"] = LossyScope.Run,
        ["twice"] = TrackedTwice.Run,
    };

    public static int Main(string[] arguments)
    {
        if (arguments.Length == 0 || !s_scenarios.TryGetValue(arguments[0], out Action<string[]>? scenario))
        {
            Console.Error.WriteLine($"Name one of: {string.Join(", ", s_scenarios.Keys)}.");
            return 2;
        }

        scenario(arguments[1..]);
        return 0;
    }
}
