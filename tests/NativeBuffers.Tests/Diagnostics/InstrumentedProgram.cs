using NativeBuffers.Instrumented;

namespace NativeBuffers.Tests.Diagnostics;

/// <summary>The program that is started with guards or tracking.</summary>
internal static class InstrumentedProgram
{
    /// <param name="environment">Variables, as <c>NAME=value</c>.</param>
    /// <param name="arguments">The scenario's name, and its arguments.</param>
    public static Task<ChildResult> RunAsync(string[] environment, params string[] arguments) =>
        ChildProcess.RunProgramAsync(
            typeof(Program), arguments, [.. environment.Select(static variable => variable.Split('=', 2)).Select(static parts => (parts[0], parts[1]))]);
}
