using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests;

/// <summary>The rules accept the samples of all pages.</summary>
public sealed class PageSamplesTests
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
        int samples = 0;
        List<string> reports = [];
        foreach (string page in Repository.Pages)
        {
            foreach (PageSample sample in PageSample.Of(page, "csharp").Where(static sample => sample.Refusal is null))
            {
                samples++;
                reports.AddRange((await ReportsAsync(sample.Text)).Select(report => $"{page}: {report}\n{sample.Text}"));
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
}
