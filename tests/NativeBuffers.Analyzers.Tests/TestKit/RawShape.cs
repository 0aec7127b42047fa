using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Testing;

namespace NativeBuffers.Analyzers.Tests.TestKit;

/// <summary>Checks the reports about memory that a small program allocates and frees by hand.</summary>
internal static class RawShape
{
    /// <summary>Checks members of a class: the text marks each report, as in <c>{|NB0007:Marshal.FreeHGlobal(p)|}</c>.</summary>
    /// <param name="rule">The only rule that is on.</param>
    /// <param name="members">The members.</param>
    public static async Task CheckAsync(string rule, string members)
    {
        CSharpAnalyzerTest<RawMemoryAnalyzer, DefaultVerifier> test = new() { TestCode = Program(members), ReferenceAssemblies = new("net10.0") };
        test.TestState.AdditionalReferences.AddRange(Shape.References);
        test.DisabledDiagnostics.AddRange(new[] { "NB0007", "NB0008", "NB0010" }.Except([rule]));
        test.SolutionTransforms.Add(static (solution, project) => solution
            .WithProjectParseOptions(project, new CSharpParseOptions(LanguageVersion.Preview))
            .WithProjectCompilationOptions(project, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true)));
        await test.RunAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A program with these members.</summary>
    public static string Program(string members) =>
        $$"""
        using System;
        using System.Buffers;
        using System.Runtime.InteropServices;
        using System.Threading.Tasks;
        using NativeBuffers;

        public unsafe class Program
        {
            private static void Show(ReadOnlySpan<int> numbers) { }

            private static void Call(nint block) { }

            private static void Call(void* block) { }

            private static void Store(int[] array) { }

            {{members}}
        }
        """;
}
