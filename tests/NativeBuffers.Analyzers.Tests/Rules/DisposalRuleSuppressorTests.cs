using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>CA2000, as it comes with the SDK, is silent about owners of the library, and about nothing else.</summary>
public sealed class DisposalRuleSuppressorTests
{
    private static readonly Lazy<DiagnosticAnalyzer> s_rule = new(static () =>
    {
        string sdks = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "sdk");
        string folder = Directory.GetDirectories(sdks)
            .Select(static sdk => Path.GetFullPath(Path.Combine(sdk, "Sdks", "Microsoft.NET.Sdk", "analyzers")))
            .Where(Directory.Exists)
            .Max(StringComparer.Ordinal)!;
        Type rule = Assembly.LoadFrom(Path.Combine(folder, "Microsoft.CodeAnalysis.NetAnalyzers.dll"))
            .GetType("Microsoft.NetCore.Analyzers.Runtime.DisposeObjectsBeforeLosingScope", throwOnError: true)!;
        return (DiagnosticAnalyzer)Activator.CreateInstance(rule)!;
    });

    public static TheoryData<string> OfTheLibrary =>
    [
        "if (!NativeBuffer.TryCreate(n, out NativeBuffer<int> b)) return 0; using var mine = b.Move(); return mine[0];",
        "var b = NativeBuffer.Create<int>(n); return b[0];",
        "var l = new ScratchList<int>(stackalloc int[8]); l.Add(n); return l[0];",
        "var a = NativeArena.Create(); return a.Allocate<int>(n)[0];",
    ];

    [Theory]
    [MemberData(nameof(OfTheLibrary))]
    public async Task An_owner_of_the_library_is_left_to_NB0001(string body)
    {
        Assert.Equal(1, await CountAsync(body, isSilenced: false));
        Assert.Equal(0, await CountAsync(body, isSilenced: true));
    }

    [Fact]
    public async Task Any_other_object_is_still_reported() =>
        Assert.Equal(1, await CountAsync("var s = System.IO.File.OpenRead(\"a\"); return s.ReadByte();", isSilenced: true));

    private static async Task<int> CountAsync(string body, bool isSilenced)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Sample",
            [CSharpSyntaxTree.ParseText(Shape.Program(body))],
            Shape.References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
                .WithSpecificDiagnosticOptions([new KeyValuePair<string, ReportDiagnostic>("CA2000", ReportDiagnostic.Warn)]));
        Assert.DoesNotContain(compilation.GetDiagnostics(), static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        DiagnosticAnalyzer[] analyzers = isSilenced ? [s_rule.Value, new DisposalRuleSuppressor()] : [s_rule.Value];
        ImmutableArray<Diagnostic> found = await compilation.WithAnalyzers([.. analyzers]).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        return found.Count(static diagnostic => diagnostic.Id == "CA2000" && !diagnostic.IsSuppressed);
    }
}
