using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Metered;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

/// <summary>Another process, which uses the library as it is told.</summary>
internal sealed class MeteredProcess : IDisposable
{
    private readonly Process _process;

    public MeteredProcess()
    {
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet");
        var start = new ProcessStartInfo(Path.GetFullPath(host), [typeof(Program).Assembly.Location])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "1";
        _process = Process.Start(start)!;
    }

    public int Id => _process.Id;

    /// <summary>Says something, and waits until it is done.</summary>
    public void Tell(string command)
    {
        _process.StandardInput.WriteLine(command);
        Assert.Equal("done", _process.StandardOutput.ReadLine());
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
