using NativeBuffers.Platform;
using NativeBuffers.Violations;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>The result of a scenario of the program that uses memory wrongly, in a process with guards.</summary>
internal sealed class GuardedProgram
{
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

    /// <summary>The report that it left; null if there is none.</summary>
    public NativeMemoryReport? Report { get; }

    /// <summary>The path of the report, which exists during the callback of <see cref="RunAsync"/>.</summary>
    public string? ReportPath { get; }

    /// <summary>The line in the output for an event.</summary>
    public string At(string what) => Assert.Single(Said, line => line.StartsWith($"{what} at ", StringComparison.Ordinal))[$"{what} at ".Length..];

    /// <param name="guard">The value of <c>NATIVEBUFFERS_GUARD</c>.</param>
    /// <param name="scenario">The class of the scenario.</param>
    /// <param name="look">Called with the result while the report still exists.</param>
    /// <param name="track">The value of <c>NATIVEBUFFERS_TRACK</c>.</param>
    /// <param name="pages">The value of <c>NATIVEBUFFERS_GUARD_PAGES</c>.</param>
    public static async Task<GuardedProgram> RunAsync(
        string guard, string scenario, Func<GuardedProgram, Task>? look = null, string track = "", string pages = "")
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("nativebuffers-guard-");
        try
        {
            ChildResult child = await ChildProcess.RunProgramAsync(
                typeof(Program),
                [scenario],
                ("NATIVEBUFFERS_GUARD", guard),
                ("NATIVEBUFFERS_TRACK", track),
                ("NATIVEBUFFERS_GUARD_PAGES", pages),
                ("NATIVEBUFFERS_GUARD_REPORT", folder.FullName));
            string? path = folder.GetFiles("*.guard").SingleOrDefault()?.FullName;
            var result = new GuardedProgram(
                child.ExitCode,
                child.Lines,
                child.Errors,
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
}
