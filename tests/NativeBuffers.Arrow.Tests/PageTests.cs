using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.Arrow.Tests;

/// <summary>The samples of the page on Arrow compile and run, and print what their comments say.</summary>
public partial class PageTests
{
    private const string Imports = """
        global using System;
        global using System.Runtime.InteropServices;
        global using Apache.Arrow;
        global using Apache.Arrow.Types;
        global using NativeBuffers;
        global using NativeBuffers.Arrow;
        """;

    private static readonly string s_page = File.ReadAllText(Repository.Absolute("docs/arrow.md"));

    private static readonly MetadataReference[] s_references =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path))];

    public static TheoryData<int> Samples => [.. Enumerable.Range(0, Fence().Count(s_page))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_does_what_the_page_says(int index)
    {
        string sample = Fence().Matches(s_page)[index].Groups[1].Value;
        string[] shown = [.. Shown().Matches(sample).Select(static line => line.Groups[1].Value)];
        Assert.NotEmpty(shown);
        Assert.Equal(shown, Run(Compile(sample)));
    }

    private static Assembly Compile(string sample)
    {
        using var program = new MemoryStream();
        var compilation = CSharpCompilation.Create(
            "Sample",
            [CSharpSyntaxTree.ParseText(sample), CSharpSyntaxTree.ParseText(Imports)],
            s_references,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        Assert.Empty(compilation.Emit(program).Diagnostics.Where(static each => each.Severity >= DiagnosticSeverity.Warning));
        return Assembly.Load(program.ToArray());
    }

    private static string[] Run(Assembly program)
    {
        TextWriter console = Console.Out;
        using var output = new StringWriter();
        try
        {
            Console.SetOut(output);
            _ = program.EntryPoint!.Invoke(null, [System.Array.Empty<string>()]);
        }
        finally
        {
            Console.SetOut(console);
        }

        return output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex("^```cs\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    /// <summary>A line that prints, with its output in a comment after it.</summary>
    [GeneratedRegex(@"Console\.WriteLine\(.*\);\s*// (.+)$", RegexOptions.Multiline)]
    private static partial Regex Shown();
}
