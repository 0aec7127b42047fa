using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A process that a test starts, talks to and ends.</summary>
/// <remarks>It inherits the environment of the tests except their guard and their tracking, and writes no dump if it crashes.</remarks>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ChildProcess(string file, IEnumerable<string> arguments, (string Name, string? Value)[] environment)
    {
        if (TestContext.Current.TestClass is { } testClass && !testClass.Traits.ContainsKey(SlowAttribute.Trait.Key))
        {
            Assert.Fail($"{testClass.TestClassSimpleName} starts a process: mark the class [Slow].");
        }

        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment.Remove("NATIVEBUFFERS_GUARD");
        start.Environment.Remove("NATIVEBUFFERS_TRACK");
        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The command <c>dotnet</c> that belongs to the runtime of this process.</summary>
    public static string Host { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    public int Id => _process.Id;

    /// <summary>The error stream of a process that has ended.</summary>
    public string Errors => _errors.Result;

    /// <summary>Starts a command.</summary>
    /// <param name="file">The command.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to set, or to remove where the value is null.</param>
    public static ChildProcess Start(string file, IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        new(file, arguments, environment);

    /// <summary>Starts the program that has this type.</summary>
    /// <inheritdoc cref="Start"/>
    public static ChildProcess StartProgram(Type program, IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        Start(Host, [program.Assembly.Location, .. arguments], environment);

    /// <summary>Runs a command to its end.</summary>
    /// <inheritdoc cref="Start"/>
    public static async Task<ChildResult> RunAsync(string file, IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using ChildProcess child = Start(file, arguments, environment);
        child._process.StandardInput.Close();
        string output = await child._process.StandardOutput.ReadToEndAsync(stop);
        await child._process.WaitForExitAsync(stop).WaitAsync(s_patience, stop);
        return new ChildResult(child._process.ExitCode, output, await child._errors);
    }

    /// <summary>Runs the program that has this type to its end.</summary>
    /// <inheritdoc cref="Start"/>
    public static Task<ChildResult> RunProgramAsync(Type program, IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        RunAsync(Host, [program.Assembly.Location, .. arguments], environment);

    /// <summary>Sends a line, and waits for a line.</summary>
    public string? Ask(string command)
    {
        Tell(command);
        return Hear();
    }

    /// <summary>Sends a line, and does not wait.</summary>
    public void Tell(string command) => _process.StandardInput.WriteLine(command);

    /// <summary>Waits for a line.</summary>
    public string? Hear() => _process.StandardOutput.ReadLine();

    /// <summary>Closes the input, and reads to the end of the process.</summary>
    public ChildResult WaitForEnd()
    {
        _process.StandardInput.Close();
        string output = _process.StandardOutput.ReadToEnd();
        Assert.True(_process.WaitForExit(s_patience));
        return new ChildResult(_process.ExitCode, output, _errors.Result);
    }

    /// <summary>Ends it at once, so that it does nothing more.</summary>
    public void Kill()
    {
        _process.Kill();
        Assert.True(_process.WaitForExit(s_patience));
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
