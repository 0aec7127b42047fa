using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.Tests.CompileFail;

/// <summary>Compiles samples as a user's project would, against the framework and the built library.</summary>
internal static class SampleCompiler
{
    /// <summary>The namespaces that the SDK imports into every file, and the library's.</summary>
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

    // The implementations serve as references: tests run where there need not be an SDK.
    private static readonly MetadataReference[] s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => path.StartsWith(RuntimeEnvironment.GetRuntimeDirectory(), StringComparison.Ordinal))
            .Append(typeof(NativeBuffer).Assembly.Location)
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static readonly WeakReference<CSharpCompilation> s_last = new(null!);

    /// <summary>Warnings and errors by line and number, each once a line, as <c>line 7: error CS8352</c>.</summary>
    /// <param name="text">The program.</param>
    /// <param name="language">Its version of C#.</param>
    /// <param name="allowUnsafe">As the property of that name in a project.</param>
    public static IReadOnlyList<string> Compile(string text, LanguageVersion language, bool allowUnsafe) =>
        Emit(text, language, allowUnsafe, OutputKind.DynamicallyLinkedLibrary, Stream.Null);

    /// <summary>As <see cref="Compile"/>, for a program of statements, which is written to <paramref name="target"/>.</summary>
    public static IReadOnlyList<string> CompileStatements(string text, Stream target) =>
        Emit(text, LanguageVersion.CSharp13, allowUnsafe: false, OutputKind.ConsoleApplication, target);

    /// <summary>A program, ready for analyzers.</summary>
    public static CSharpCompilation CompilationOf(string text) =>
        CompilationOf(text, LanguageVersion.CSharp13, allowUnsafe: false, OutputKind.DynamicallyLinkedLibrary);

    private static CSharpCompilation CompilationOf(string text, LanguageVersion language, bool allowUnsafe, OutputKind kind)
    {
        var parsing = new CSharpParseOptions(language);
        var options = new CSharpCompilationOptions(
            kind,
            allowUnsafe: allowUnsafe,
            warningLevel: int.MaxValue,
            nullableContextOptions: NullableContextOptions.Enable);

        // The next compilation uses the symbols of the framework that this one has read. After a full collection they are read again.
        if (!s_last.TryGetTarget(out CSharpCompilation? last))
        {
            s_last.SetTarget(last = CSharpCompilation.Create("Sample", references: s_references, options: options));
        }

        return last.RemoveAllSyntaxTrees().WithOptions(options)
            .AddSyntaxTrees(CSharpSyntaxTree.ParseText(text, parsing), CSharpSyntaxTree.ParseText(Imports, parsing));
    }

    private static IReadOnlyList<string> Emit(
        string text, LanguageVersion language, bool allowUnsafe, OutputKind kind, Stream target)
    {
        CSharpCompilation compilation = CompilationOf(text, language, allowUnsafe, kind);

        // Not only GetDiagnostics: what may live across an await is known when the state machine is made.
        return
        [
            .. compilation.Emit(target).Diagnostics
                .Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)
                .OrderBy(diagnostic => diagnostic.Location.GetLineSpan().StartLinePosition.Line)
                .ThenBy(diagnostic => diagnostic.Id, StringComparer.Ordinal)
                .Select(Describe)
                .Distinct(),
        ];
    }

    private static string Describe(Diagnostic diagnostic) =>
        $"line {diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1}: "
        + $"{(diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning")} {diagnostic.Id}";
}
