using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Testing;

namespace NativeBuffers.Analyzers.Tests.TestKit;

/// <summary>Checks a code fix: the program before, with the reports marked, and after. Both compile.</summary>
/// <typeparam name="TAnalyzer">Reports the mistakes.</typeparam>
/// <typeparam name="TFix">Mends them, one by one and all at once.</typeparam>
internal static class Fixed<TAnalyzer, TFix>
    where TAnalyzer : DiagnosticAnalyzer, new()
    where TFix : CodeFixProvider, new()
{
    /// <summary>Checks whole programs.</summary>
    /// <param name="rule">The only rule that is on.</param>
    /// <param name="before">With marks, as in <c>{|NB0008:n * 4|}</c>.</param>
    /// <param name="after">Marks show reports that remain.</param>
    /// <param name="index">Which of the fixes of the provider is meant.</param>
    public static async Task CheckAsync(string rule, string before, string after, int index = 0)
    {
        CSharpCodeFixTest<TAnalyzer, TFix, DefaultVerifier> test = new()
        {
            TestCode = before,
            FixedCode = after,
            ReferenceAssemblies = new("net10.0"),
            CodeActionIndex = index,
        };
        test.TestState.AdditionalReferences.AddRange(Shape.References);
        test.DisabledDiagnostics.AddRange(Enumerable.Range(1, 10).Select(static number => $"NB{number:0000}").Except([rule]));
        test.SolutionTransforms.Add(static (solution, project) => solution
            .WithProjectParseOptions(project, new CSharpParseOptions(LanguageVersion.Preview))
            .WithProjectCompilationOptions(project, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true)));
        await test.RunAsync(TestContext.Current.CancellationToken);
    }
}
