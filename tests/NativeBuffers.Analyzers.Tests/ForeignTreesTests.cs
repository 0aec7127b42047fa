using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests;

/// <summary>Source that other people wrote without the library: the rules, all of them on, report nothing there, and do not fail.</summary>
/// <remarks>
/// <c>NATIVEBUFFERS_RULES_TREES</c> names a folder of source, such as <c>apt-get source mono</c> makes. CONTRIBUTING.md has the command.
/// </remarks>
[Trait("Speed", "Slow")]
public sealed class ForeignTreesTests
{
    private const int FilesTogether = 400;

    /// <summary>A product that may wrap, and memory freed by hand, are in much code, and are no false reports. A person reads those.</summary>
    private static readonly ImmutableArray<string> s_hints = ["NB0008", "NB0010"];

    /// <summary>Reports that a person has read, and found true: a test disposes twice, and one frees with a function of another heap.</summary>
    private static readonly ImmutableArray<(string Rule, string File)> s_true =
        [("NB0006", "System.Memory/tests/MemoryPool/MemoryPool.cs"), ("NB0007", "System/Runtime/InteropServices/MarshalTests.cs")];

    private static readonly CSharpParseOptions s_parsing = new(LanguageVersion.Preview, preprocessorSymbols: ["NET", "NETCOREAPP", "NET10_0_OR_GREATER"]);

    private int _files;
    private int _lines;
    private int _methods;
    private int _bound;

    [Fact]
    public async Task Code_without_the_library_is_silent()
    {
        string? folder = Environment.GetEnvironmentVariable("NATIVEBUFFERS_RULES_TREES");
        Assert.SkipWhen(folder is null, "NATIVEBUFFERS_RULES_TREES names no folder of source.");
        List<Diagnostic> reports = [];
        foreach (string[] files in Together(folder))
        {
            reports.AddRange(await ReportsAsync(files));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{_files} files, {_lines} lines, {_methods} methods with a body, {_bound} of them without an error of the compiler");
        foreach (IGrouping<string, Diagnostic> rule in reports.GroupBy(static report => report.Id).OrderBy(static rule => rule.Key))
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{rule.Key}: {rule.Count()}\n{string.Join('\n', rule.Take(40).Select(Show))}");
        }

        Assert.NotEqual(0, _bound);
        Assert.Empty(reports.Where(static report => !s_hints.Contains(report.Id) && !IsTrue(report)).Select(Show));
    }

    private static bool IsTrue(Diagnostic report) =>
        s_true.Any(known => known.Rule == report.Id && report.Location.GetLineSpan().Path.EndsWith(known.File, StringComparison.Ordinal));

    /// <summary>Files that are compiled together: those of a folder, with the folders below if these are not too many.</summary>
    private static IEnumerable<string[]> Together(string folder)
    {
        string[] all = [.. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        if (all.Length <= FilesTogether)
        {
            return all.Length == 0 ? [] : [all];
        }

        return Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal).SelectMany(Together)
            .Concat(Directory.GetFiles(folder, "*.cs").Order(StringComparer.Ordinal).Chunk(FilesTogether));
    }

    private async Task<ImmutableArray<Diagnostic>> ReportsAsync(string[] files)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        SyntaxTree[] trees = [.. files.Select(path => CSharpSyntaxTree.ParseText(File.ReadAllText(path), s_parsing, path, cancellationToken: cancellation))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Foreign", trees, Shape.References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        Count(trees, compilation.GetDiagnostics(cancellation));
        return await compilation.WithAnalyzers([new OwnershipAnalyzer(), new RawMemoryAnalyzer()]).GetAnalyzerDiagnosticsAsync(cancellation);
    }

    private void Count(SyntaxTree[] trees, ImmutableArray<Diagnostic> diagnostics)
    {
        ILookup<SyntaxTree?, int> errors = diagnostics
            .Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .ToLookup(static diagnostic => diagnostic.Location.SourceTree, static diagnostic => diagnostic.Location.SourceSpan.Start);
        foreach (SyntaxTree tree in trees)
        {
            int[] wrong = [.. errors[tree]];
            SyntaxNode[] bodies =
            [
                .. tree.GetRoot().DescendantNodes()
                    .Where(static node => node is BaseMethodDeclarationSyntax { Body: not null } or BaseMethodDeclarationSyntax { ExpressionBody: not null }),
            ];
            _files++;
            _lines += tree.GetText().Lines.Count;
            _methods += bodies.Length;
            _bound += bodies.Count(body => !wrong.Any(body.Span.Contains));
        }
    }

    private static string Show(Diagnostic report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Location.GetLineSpan().Path}({report.Location.GetLineSpan().StartLinePosition.Line + 1}): {report.Id}: {report.GetMessage(CultureInfo.InvariantCulture)}");
}
