using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Mapping;

namespace NativeBuffers.Tests.Regions;

/// <summary>Another process, which does what it is told.</summary>
internal sealed class Companion : IDisposable
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _errors;

    public Companion()
    {
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet");
        var start = new ProcessStartInfo(Path.GetFullPath(host), [typeof(Program).Assembly.Location])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What it leaves when it is to be ended by the system is read by nobody.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Its number.</summary>
    public int ProcessId => _process.Id;

    /// <summary>What it said when it ended.</summary>
    public string Errors => _errors.Result;

    /// <summary>Says something; the answer is one line.</summary>
    public string? Ask(string command)
    {
        Tell(command);
        return Hear();
    }

    /// <summary>Says something, and does not wait.</summary>
    public void Tell(string command) => _process.StandardInput.WriteLine(command);

    /// <summary>Waits for an answer.</summary>
    public string? Hear() => _process.StandardOutput.ReadLine();

    /// <summary>Says something that it may not survive; the answer is all that it says before it ends.</summary>
    public (int ExitCode, string[] Said) AskLast(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Close();
        string said = _process.StandardOutput.ReadToEnd();
        Assert.True(_process.WaitForExit(s_long));
        return (_process.ExitCode, said.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Ends it at once: it does nothing more.</summary>
    public void Kill()
    {
        _process.Kill();
        Assert.True(_process.WaitForExit(s_long));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
