namespace NativeBuffers.Tests.Diagnostics.AheadOfTime;

/// <summary>The program <c>tests/Programs/NativeBuffers.Aot</c>, compiled ahead of time once for all tests that run it.</summary>
/// <remarks>
/// That takes a minute, a native compiler and the package of NativeAOT: so only where <c>NATIVEBUFFERS_AOT=1</c> is set, and the
/// tests are skipped where the tools are missing.
/// </remarks>
public sealed class PublishedProgram : IAsyncLifetime
{
    /// <summary>Messages that mean that a tool is missing, and not that the program is wrong.</summary>
    private static readonly string[] s_missing = ["Platform linker", "NU1101", "NU1102", "NU1301", "NETSDK1204", "cannot find -lz"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nativebuffers-aot-");
    private string? _reason;

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("NATIVEBUFFERS_AOT") != "1")
        {
            _reason = "Compiling ahead of time takes a minute: set NATIVEBUFFERS_AOT=1. It needs clang and zlib1g-dev.";
            return;
        }

        (int exitCode, string output, string errors) = await ChildProcess.RunAsync(
            ChildProcess.Host,
            [
                "publish", Repository.Absolute("tests/Programs/NativeBuffers.Aot"), "--configuration", "Release", "--use-current-runtime", "-p:PublishAot=true",
                "--output", _folder.FullName, "--artifacts-path", Path.Combine(_folder.FullName, "build"), "--verbosity", "quiet", "--nologo",
            ]);
        string said = output + errors;
        if (exitCode != 0)
        {
            Assert.True(s_missing.Any(said.Contains), said);
            _reason = said;
        }
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs it; skips the test where there is none.</summary>
    /// <param name="scenario">Its argument.</param>
    /// <param name="environment">Further variables.</param>
    internal async Task<(int ExitCode, string[] Output, string Errors, NativeMemoryReport? Report)> RunAsync(
        string scenario, params (string Name, string Value)[] environment)
    {
        Assert.SkipWhen(_reason is not null, _reason ?? "");
        DirectoryInfo reports = _folder.CreateSubdirectory(Path.GetRandomFileName());
        ChildResult result = await ChildProcess.RunAsync(
            Path.Combine(_folder.FullName, "NativeBuffers.Aot"), [scenario], [.. environment, ("NATIVEBUFFERS_GUARD_REPORT", reports.FullName)]);
        string? path = reports.GetFiles("*.guard").SingleOrDefault()?.FullName;
        return (
            result.ExitCode,
            result.Lines,
            result.Errors,
            path is null ? null : NativeMemoryReport.Read(path));
    }
}
