namespace NativeBuffers.Tests.TestKit;

/// <summary>How a <see cref="ChildProcess"/> ended, and its two streams.</summary>
/// <param name="ExitCode">Not 0 if the process crashed.</param>
/// <param name="Output">The output stream.</param>
/// <param name="Errors">The error stream.</param>
internal sealed record ChildResult(int ExitCode, string Output, string Errors)
{
    public string[] Lines => Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
