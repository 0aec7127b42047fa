using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>Mistakes on every path are errors, all other mistakes are warnings; and reports name the places where the owner was taken and ended.</summary>
public sealed class GradeTests
{
    [Theory]
    [InlineData("NB0002", "var b = NativeBuffer.Create<int>(n); b.Dispose(); b[0] = 1;", DiagnosticSeverity.Error)]
    [InlineData("NB0002", "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); b[0] = 1; if (!c) b.Dispose();", DiagnosticSeverity.Warning)]
    [InlineData("NB0002", "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); else b.Dispose(); b[0] = 1;", DiagnosticSeverity.Error)]
    [InlineData("NB0003", "var b = NativeBuffer.Create<int>(n); b.Dispose(); b.Dispose();", DiagnosticSeverity.Warning)]
    [InlineData("NB0004", "using var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(3); s[0] = 1;", DiagnosticSeverity.Error)]
    [InlineData("NB0004", "using var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); if (c) b.Resize(3); s[0] = 1;", DiagnosticSeverity.Warning)]
    [InlineData("NB0004", "using var l = new NativeList<int>(); var s = l.AsSpan(); l.Add(3); s[0] = 1;", DiagnosticSeverity.Warning)]
    [InlineData("NB0005", "using var b = NativeBuffer.Create<int>(n); if (c) { var d = b; }", DiagnosticSeverity.Error)]
    public async Task A_mistake_on_every_path_is_an_error(string id, string body, DiagnosticSeverity severity) =>
        Assert.Equal((id, severity), await ReportAsync(body, static report => (report.Id, report.Severity)));

    [Fact]
    public async Task A_report_names_where_the_view_was_taken_and_where_it_ended()
    {
        const string Body = "using var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(3); s[0] = 1;";
        string[] places = await ReportAsync(
            Body,
            static report => report.AdditionalLocations.Select(place => place.SourceTree!.GetText().ToString(place.SourceSpan)).ToArray());
        Assert.Equal(["b.AsSpan()", "b.Resize(3)"], places);
    }

    /// <summary>The coming rules of C# for memory change what <c>unsafe</c> means.</summary>
    [Theory]
    [InlineData("{0}")]
    [InlineData("unsafe {{ {0} }}")]
    public async Task Unsafe_contexts_change_nothing(string context)
    {
        const string Body = "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Dispose(); s[0] = 1;";
        Assert.Equal("NB0004", await ReportAsync(string.Format(null, context, Body), static report => report.Id));
    }

    /// <summary>An expression of thousands of operands, such as a table in a source file.</summary>
    [Fact]
    public async Task A_deep_expression_ends_the_analysis_and_not_the_process()
    {
        string sum = string.Join(" + ", Enumerable.Range(0, 3000).Select(static i => $"b[{i}]"));
        await ReportsAsync(Shape.Program($"using var b = NativeBuffer.Create<int>(n); n = {sum};"));
    }

    private static async Task<T> ReportAsync<T>(string body, Func<Diagnostic, T> read) => read(Assert.Single(await ReportsAsync(Shape.Program(body))));

    private static async Task<IEnumerable<Diagnostic>> ReportsAsync(string program)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Graded",
            [CSharpSyntaxTree.ParseText(program, cancellationToken: TestContext.Current.CancellationToken)],
            Shape.References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        return await compilation
            .WithAnalyzers([new OwnershipAnalyzer()], new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), OnException, false, false))
            .GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
    }

    private static void OnException(Exception exception, DiagnosticAnalyzer analyzer, Diagnostic report) => throw exception;
}
