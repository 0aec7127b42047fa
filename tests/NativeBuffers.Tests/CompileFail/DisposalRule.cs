using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace NativeBuffers.Tests.CompileFail;

/// <summary>The platform's own analyzer for objects that are not disposed, CA2000, as it comes with the SDK.</summary>
internal static class DisposalRule
{
    private const string Id = "CA2000";

    private static readonly string? s_folder = FindFolder();

    private static readonly Lazy<DiagnosticAnalyzer> s_analyzer = new(Load);

    /// <summary>False where only the runtime is installed.</summary>
    public static bool IsInstalled => s_folder is not null;

    /// <summary>The lines of a program, from 1, that the rule accuses.</summary>
    public static async Task<IReadOnlyList<int>> AccuseAsync(string text)
    {
        Compilation compilation = SampleCompiler.CompilationOf(text);
        compilation = compilation.WithOptions(
            compilation.Options.WithSpecificDiagnosticOptions([new KeyValuePair<string, ReportDiagnostic>(Id, ReportDiagnostic.Warn)]));
        Assert.DoesNotContain(compilation.GetDiagnostics(), static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        CompilationWithAnalyzers analysis = compilation.WithAnalyzers([s_analyzer.Value]);
        ImmutableArray<Diagnostic> found = await analysis.GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        Assert.All(found, static diagnostic => Assert.Equal(Id, diagnostic.Id));
        return [.. found.Select(static diagnostic => diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1).Order()];
    }

    private static string? FindFolder()
    {
        string sdks = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "sdk");
        return !Directory.Exists(sdks)
            ? null
            : Directory.GetDirectories(sdks)
                .Select(static sdk => Path.GetFullPath(Path.Combine(sdk, "Sdks", "Microsoft.NET.Sdk", "analyzers")))
                .Where(Directory.Exists)
                .Max(StringComparer.Ordinal);
    }

    private static DiagnosticAnalyzer Load()
    {
        Assembly rules = Assembly.LoadFrom(Path.Combine(s_folder!, "Microsoft.CodeAnalysis.NetAnalyzers.dll"));
        Type rule = rules.GetType("Microsoft.NetCore.Analyzers.Runtime.DisposeObjectsBeforeLosingScope", throwOnError: true)!;
        return (DiagnosticAnalyzer)Activator.CreateInstance(rule)!;
    }
}
