using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>A program of statements is a body, too.</summary>
public sealed class TopLevelTests
{
    [Fact]
    public async Task A_mistake_in_a_program_of_statements_is_reported()
    {
        const string Program = """
            using NativeBuffers;

            using var b = NativeBuffer.Create<int>(10);
            System.Span<int> view = b.AsSpan();
            b.Resize(20);
            view[0] = 1;
            """;
        CSharpCompilation compilation = CSharpCompilation.Create("Sample", [CSharpSyntaxTree.ParseText(Program, cancellationToken: TestContext.Current.CancellationToken)], Shape.References);
        Assert.Equal(
            ["NB0004"],
            (await compilation.WithAnalyzers([new OwnershipAnalyzer()]).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken))
                .Select(static found => found.Id));
    }
}
