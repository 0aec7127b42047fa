using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>Each rule has a page. The wrong sample of a page (<c>cs</c>) is reported on the marked lines, and its right one (<c>csharp</c>) is not.</summary>
public sealed class RulePagesTests
{
    private static readonly DiagnosticAnalyzer[] s_analyzers = [new OwnershipAnalyzer(), new RawMemoryAnalyzer()];

    public static TheoryData<string> Rules => [.. s_analyzers.SelectMany(static analyzer => analyzer.SupportedDiagnostics).Select(static rule => rule.Id)];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task The_samples_of_a_page_are_right(string id)
    {
        IReadOnlyList<PageSample> wrong = PageSample.Of(PathOf(id), "cs");
        IReadOnlyList<PageSample> right = PageSample.Of(PathOf(id), "csharp");
        Assert.NotEmpty(wrong);
        Assert.NotEmpty(right);
        foreach (PageSample sample in wrong)
        {
            string[] lines = sample.Text.Split('\n');
            IEnumerable<int> marked = lines.Index().Where(line => line.Item.Contains($"// {id}", StringComparison.Ordinal)).Select(static line => line.Index);
            Assert.Equal(marked, await ReportsAsync(sample.Text, id));
        }

        foreach (PageSample sample in right)
        {
            Assert.Empty(await ReportsAsync(sample.Text, id));
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_title_of_a_page_is_that_of_the_rule(string id)
    {
        DiagnosticDescriptor rule = s_analyzers.SelectMany(static analyzer => analyzer.SupportedDiagnostics).Single(rule => rule.Id == id);
        Assert.Equal($"# {id}: {rule.Title}", File.ReadLines(Repository.Absolute(PathOf(id))).First());
    }

    /// <summary>The lines, from 0, on which a rule reports a program of statements.</summary>
    private static async Task<IEnumerable<int>> ReportsAsync(string statements, string id)
    {
        const string Imports = "global using System; global using System.Runtime.InteropServices; global using System.Threading.Tasks; global using NativeBuffers;";
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Sample",
            [CSharpSyntaxTree.ParseText(statements), CSharpSyntaxTree.ParseText(Imports)],
            Shape.References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true));
        Assert.DoesNotContain(compilation.GetDiagnostics(), static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        return (await compilation.WithAnalyzers([.. s_analyzers]).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken))
            .Where(diagnostic => diagnostic.Id == id)
            .Select(static diagnostic => diagnostic.Location.GetLineSpan().StartLinePosition.Line)
            .Order();
    }

    private static string PathOf(string id) => $"docs/rules/{id}.md";
}
