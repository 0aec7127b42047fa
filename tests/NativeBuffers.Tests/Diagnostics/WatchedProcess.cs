using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Watched;

namespace NativeBuffers.Tests.Diagnostics;

/// <summary>What another process said that was started with guards or tracking.</summary>
/// <param name="ExitCode">Not 0 if it was ended.</param>
/// <param name="Output">Its lines.</param>
/// <param name="Errors">What went to the error stream.</param>
internal sealed record WatchedProcess(int ExitCode, string[] Output, string Errors)
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    /// <summary>Starts the program with some arguments, the first of which names the scenario.</summary>
    /// <param name="environment">Variables, as <c>NAME=value</c>.</param>
    /// <param name="arguments">The scenario's name, and its arguments.</param>
    public static async Task<WatchedProcess> RunAsync(string[] environment, params string[] arguments)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet");
        var start = new ProcessStartInfo(Path.GetFullPath(host), [typeof(Program).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (string variable in (string[])["NATIVEBUFFERS_GUARD", "NATIVEBUFFERS_TRACK"])
        {
            _ = start.Environment.Remove(variable);
        }

        foreach (string variable in environment)
        {
            string[] parts = variable.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(stop);
        string output = await process.StandardOutput.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop).WaitAsync(s_long, stop);
        return new WatchedProcess(
            process.ExitCode, output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries), await errors);
    }
}
