using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests;

/// <summary>The rules accept the samples of all pages.</summary>
public sealed partial class PageSamplesTests
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

    [Fact]
    public async Task No_rule_reports_a_sample_of_a_page()
    {
        string root = Root();
        string[] pages =
        [
            .. Directory.GetFiles(root, "*.md"),
            .. Directory.GetFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories),
        ];
        int samples = 0;
        List<string> reports = [];
        foreach (string page in pages.Order(StringComparer.Ordinal))
        {
            string text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
            foreach (string sample in Fence().Matches(text).Select(static fence => fence.Groups[1].Value).Where(static sample => !Refusal().IsMatch(sample)))
            {
                samples++;
                reports.AddRange((await ReportsAsync(sample)).Select(report => $"{Path.GetRelativePath(root, page)}: {report}\n{sample}"));
            }
        }

        Assert.True(samples >= 30, $"{samples} samples");
        Assert.Empty(reports);
    }

    private static async Task<ImmutableArray<Diagnostic>> ReportsAsync(string statements)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Sample",
            [CSharpSyntaxTree.ParseText(statements), CSharpSyntaxTree.ParseText(Imports)],
            Shape.References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true));
        Assert.DoesNotContain(compilation.GetDiagnostics(), static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        return await compilation.WithAnalyzers([new OwnershipAnalyzer(), new RawMemoryAnalyzer()])
            .GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "NativeBuffers.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("^```csharp\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("^// does not compile: ", RegexOptions.Multiline)]
    private static partial Regex Refusal();
}
