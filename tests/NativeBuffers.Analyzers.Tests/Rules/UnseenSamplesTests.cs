using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>The rules report the marked lines of the mistakes that the compiler does not see: <c>CompileFail/Samples/Unseen</c>.</summary>
public sealed partial class UnseenSamplesTests
{
    private const string Imports = """
        global using System;
        global using System.Collections.Generic;
        global using System.Diagnostics.CodeAnalysis;
        global using System.IO;
        global using System.Runtime.InteropServices;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using NativeBuffers;
        """;

    public static TheoryData<string> Samples =>
        [.. Directory.GetFiles(Folder(), "*.cs").Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task The_marked_lines_are_reported(string name)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Folder(), name), TestContext.Current.CancellationToken);
        string[] marked = [.. text.Split('\n').Index().SelectMany(static line => Mark().Matches(line.Item).Select(mark => $"{line.Index + 1}: {mark.Value}"))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Sample",
            [Parse(text), Parse(Imports)],
            Shape.References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        ImmutableArray<Diagnostic> found = await compilation
            .WithAnalyzers([new OwnershipAnalyzer(), new RawMemoryAnalyzer()])
            .GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        IEnumerable<string> reported = found
            .Select(static diagnostic => (Line: diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1, diagnostic.Id))
            .Distinct()
            .Order()
            .Select(static report => $"{report.Line}: {report.Id}");
        Assert.True(marked.SequenceEqual(reported), $"The rules report: {string.Join(", ", reported)}");
    }

    private static SyntaxTree Parse(string text) => CSharpSyntaxTree.ParseText(text, cancellationToken: TestContext.Current.CancellationToken);

    private static string Folder() => Repository.Absolute("tests/NativeBuffers.Tests/CompileFail/Samples/Unseen");

    [GeneratedRegex("(?<=//.*)NB[0-9]{4}")]
    private static partial Regex Mark();
}
