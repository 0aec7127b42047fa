using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Compiles printed programs against the library, and asks the rules about them.</summary>
internal static class OracleCompiler
{
    private static readonly CSharpParseOptions s_parsing = new(LanguageVersion.Preview);

    private static readonly Lazy<CSharpCompilation> s_empty = new(static () =>
    {
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        CSharpCompilation helpers = CSharpCompilation.Create(
            "Helpers", [CSharpSyntaxTree.ParseText(Printer.Helpers, s_parsing)], Shape.References, options);
        using var image = new MemoryStream();
        Assert.Empty(helpers.Emit(image).Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        return CSharpCompilation.Create("Programs", [], [.. Shape.References, MetadataReference.CreateFromImage(image.ToArray())], options);
    });

    /// <summary>The compiler's own errors, as <c>line 7: CS8352</c>.</summary>
    public static IReadOnlyList<string> Errors(string text) => ErrorsOf(CompilationOf(text).GetDiagnostics());

    /// <summary>The rules' reports about a file, each a line and an ID. The compiler must accept the file.</summary>
    public static async Task<IReadOnlyList<(int Line, string Id)>> ReportsAsync(string text)
    {
        // All at once: the compiler's and the rules'. The compiler binds each body once.
        CompilationWithAnalyzers analysis = CompilationOf(text).WithAnalyzers([new OwnershipAnalyzer()]);
        ImmutableArray<Diagnostic> found = await analysis.GetAllDiagnosticsAsync(TestContext.Current.CancellationToken);
        Assert.Empty(ErrorsOf(found.Where(static diagnostic => diagnostic.Id.StartsWith("CS", StringComparison.Ordinal))));
        return
        [
            .. found.Where(static diagnostic => !diagnostic.Id.StartsWith("CS", StringComparison.Ordinal))
                .Select(static diagnostic => (LineOf(diagnostic), diagnostic.Id)),
        ];
    }

    private static CSharpCompilation CompilationOf(string text) => s_empty.Value.AddSyntaxTrees(CSharpSyntaxTree.ParseText(text, s_parsing));

    private static IReadOnlyList<string> ErrorsOf(IEnumerable<Diagnostic> diagnostics) =>
    [
        .. diagnostics
            .Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .Select(static diagnostic => $"line {LineOf(diagnostic)}: {diagnostic.Id}: {diagnostic.GetMessage(CultureInfo.InvariantCulture)}"),
    ];

    private static int LineOf(Diagnostic diagnostic) => diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1;
}
