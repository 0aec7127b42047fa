using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using NativeBuffers.CodeGen.Loops;

namespace NativeBuffers.Tests.CodeGen;

/// <summary>The program with the loops, run once for each <see cref="JitMode"/>, and the machine code that its run left.</summary>
internal static class LoopProgram
{
    private static readonly Assembly s_assembly = typeof(Sum).Assembly;

    private static readonly Dictionary<JitMode, Lazy<Listing>> s_listings =
        new[] { JitMode.Profiled, JitMode.Unprofiled, JitMode.FirstCall, JitMode.Narrow }
            .ToDictionary(mode => mode, mode => new Lazy<Listing>(() => Run(mode, s_assembly.Location)));

    private static readonly Dictionary<JitMode, Lazy<Listing>> s_withoutDiagnostics =
        s_listings.Keys.ToDictionary(mode => mode, mode => new Lazy<Listing>(() => Run(mode, ProgramWithoutDiagnostics)));

    private static readonly Lazy<Listing> s_sampled = new(() => Run(JitMode.Profiled, s_assembly.Location, guard: "sampled:1000000000"));

    private static string ProgramWithoutDiagnostics =>
        Repository.Absolute($"tests/Programs/NativeBuffers.CodeGen.WithoutDiagnostics/bin/{Configuration}/net10.0/NativeBuffers.CodeGen.dll");

    /// <summary>The folder above the framework's, in which the tests were built.</summary>
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The code of a method after warm-up. Skips the test where there is none to be read.</summary>
    /// <param name="loop">One of the types of the program.</param>
    /// <param name="method">One of its methods that is not inlined.</param>
    /// <param name="mode">How to compile it.</param>
    public static MethodCode CodeOf(Type loop, string method, JitMode mode)
    {
        Assert.SkipUnless(
            RuntimeInformation.ProcessArchitecture == Architecture.X64,
            $"Reads x64 instructions; this is {RuntimeInformation.ProcessArchitecture}.");
        Assert.SkipWhen(
            new[] { s_assembly, typeof(NativeBuffer).Assembly }.Any(IsUnoptimised),
            "The library was built without optimisation: run the tests with -c Release.");
        return Find(s_listings[mode].Value, loop, method, mode);
    }

    /// <summary>As <see cref="CodeOf"/>, with a library that was built without diagnostics.</summary>
    public static MethodCode CodeWithoutDiagnosticsOf(Type loop, string method, JitMode mode)
    {
        _ = CodeOf(loop, method, mode);
        return Find(s_withoutDiagnostics[mode].Value, loop, method, mode);
    }

    /// <summary>As <see cref="CodeOf"/>, in a process that takes samples.</summary>
    public static MethodCode SampledCodeOf(Type loop, string method)
    {
        _ = CodeOf(loop, method, JitMode.Profiled);
        return Find(s_sampled.Value, loop, method, JitMode.Profiled);
    }

    private static MethodCode Find(Listing listing, Type loop, string method, JitMode mode) =>
        listing.Find($"{loop.FullName}:{method}", mode.Tier)
            ?? throw new InvalidOperationException($"The {mode} listing has no {loop.Name}:{method}.");

    private static bool IsUnoptimised(Assembly assembly) =>
        assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;

    /// <summary>Runs longer and longer, until every method has reached the tier: how long that takes is the machine's affair.</summary>
    private static Listing Run(JitMode mode, string program, string guard = "off")
    {
        string[] wanted = [.. s_assembly.GetTypes()
            .Where(type => type.Namespace == typeof(Sum).Namespace)
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Where(method => method.MethodImplementationFlags.HasFlag(MethodImplAttributes.NoInlining))
            .Select(method => $"{method.DeclaringType!.FullName}:{method.Name}")];
        string[] missing = wanted;
        foreach (int milliseconds in (int[])[1000, 4000, 16000, 60000])
        {
            Listing listing = Run(mode, program, guard, milliseconds);
            missing = [.. wanted.Where(name => listing.Find(name, mode.Tier) is null)];
            if (missing.Length == 0)
            {
                return listing;
            }
        }

        throw new TimeoutException($"{mode}: not compiled to {mode.Tier} within a minute: {string.Join(", ", missing)}");
    }

    /// <remarks>
    /// The runtime closes its listing at the end, also while it compiles in the background: with any library, about one run in fifty is
    /// ended by a signal then. And two threads that compile at once may mix their lines: such a listing cannot be read. A fault of the
    /// library's own ends each run.
    /// </remarks>
    private static Listing Run(JitMode mode, string program, string guard, int milliseconds)
    {
        const int MostRuns = 5;
        string file = Path.GetTempFileName();
        try
        {
            for (int run = 1; ; run++)
            {
                using ChildProcess process = ChildProcess.Start(ChildProcess.Host, [program, $"{milliseconds}"], Environment(mode, guard, file));
                ChildResult result = process.WaitForEnd();
                try
                {
                    return result.ExitCode == 0
                        ? Listing.Parse(File.ReadAllText(file))
                        : throw new InvalidOperationException($"The program with the loops ended with {result.ExitCode}, {run} times: {result.Errors}");
                }
                catch (Exception exception) when (exception is InvalidOperationException or ArgumentException && run < MostRuns)
                {
                    // Once more.
                }

                File.WriteAllText(file, "");
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The settings of one run, without any setting of the tests' own process that would change the code.</summary>
    private static (string Name, string? Value)[] Environment(JitMode mode, string guard, string file)
    {
        string[] variable = mode.Variable.Split('=');
        return
        [
            .. System.Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsSetting).Select(static name => (name, (string?)null)),
            (variable[0], variable[1]),
            ("NATIVEBUFFERS_GUARD", guard),
            ("DOTNET_JitStdOutFile", file),
            ("DOTNET_JitDisasm", $"{typeof(Sum).Namespace}.*:*"),
        ];
    }

    private static bool IsSetting(string name) =>
        new[] { "DOTNET_", "COMPlus_", "NATIVEBUFFERS_" }.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        && !name.StartsWith("DOTNET_ROOT", StringComparison.OrdinalIgnoreCase);
}
