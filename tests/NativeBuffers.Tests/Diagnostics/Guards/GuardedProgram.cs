using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Platform;
using NativeBuffers.Violations;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>A scenario of the program that uses memory wrongly, played in a process with guards: what came of it.</summary>
internal sealed class GuardedProgram
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private GuardedProgram(int exitCode, string[] said, string errors, NativeMemoryReport? report, string? reportPath)
    {
        ExitCode = exitCode;
        Said = said;
        Errors = errors;
        Report = report;
        ReportPath = reportPath;
    }

    public int ExitCode { get; }

    /// <summary>The lines of its output.</summary>
    public string[] Said { get; }

    public string Errors { get; }

    /// <summary>What it has left; null if nothing.</summary>
    public NativeMemoryReport? Report { get; }

    /// <summary>Only while the test looks on: see <see cref="RunAsync"/>.</summary>
    public string? ReportPath { get; }

    /// <summary>The line that it said something happened at.</summary>
    public string At(string what) => Assert.Single(Said, line => line.StartsWith($"{what} at ", StringComparison.Ordinal))[$"{what} at ".Length..];

    /// <param name="guard">What is in <c>NATIVEBUFFERS_GUARD</c>.</param>
    /// <param name="scenario">The class.</param>
    /// <param name="look">Looks at the result while the report is still there.</param>
    /// <param name="track">What is in <c>NATIVEBUFFERS_TRACK</c>.</param>
    /// <param name="pages">What is in <c>NATIVEBUFFERS_GUARD_PAGES</c>.</param>
    public static async Task<GuardedProgram> RunAsync(
        string guard, string scenario, Func<GuardedProgram, Task>? look = null, string track = "", string pages = "")
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("nativebuffers-guard-");
        try
        {
            (int exitCode, string output, string errors) = await StartAsync(
                typeof(Program).Assembly.Location,
                [scenario],
                ("NATIVEBUFFERS_GUARD", guard),
                ("NATIVEBUFFERS_TRACK", track),
                ("NATIVEBUFFERS_GUARD_PAGES", pages),
                ("NATIVEBUFFERS_GUARD_REPORT", folder.FullName));
            string? path = folder.GetFiles("*.guard").SingleOrDefault()?.FullName;
            var result = new GuardedProgram(
                exitCode,
                output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries),
                errors,
                path is null ? null : NativeMemoryReport.Read(path),
                path);
            if (look is not null)
            {
                await look(result);
            }

            return result;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What runs assemblies: the command <c>dotnet</c> that belongs to the runtime of this process.</summary>
    public static string Host { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>Runs an assembly beside the tests.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> StartAsync(
        string assembly, string[] arguments, params (string Name, string Value)[] environment)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo(Host, [assembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(stop);
        string output = await process.StandardOutput.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop).WaitAsync(s_long, stop);
        return (process.ExitCode, output, await errors);
    }
}
