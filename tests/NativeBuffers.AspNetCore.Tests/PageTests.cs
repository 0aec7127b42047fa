using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The samples of the page on servers compile and run, and print what their comments say.</summary>
public partial class PageTests
{
    private const string Imports = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.Extensions.DependencyInjection;
        global using NativeBuffers;
        global using NativeBuffers.AspNetCore;
        """;

    private static readonly string s_page = File.ReadAllText(Repository.Find("docs/servers.md"));

    public static TheoryData<int> Samples => [.. Enumerable.Range(0, Fence().Count(s_page))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_does_what_the_page_says(int index)
    {
        string sample = Fence().Matches(s_page)[index].Groups[1].Value;
        using var program = new MemoryStream();
        var compilation = CSharpCompilation.Create(
            $"Sample{index}",
            [CSharpSyntaxTree.ParseText(sample), CSharpSyntaxTree.ParseText(Imports)],
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        Assert.Empty(compilation.Emit(program).Diagnostics.Where(static each => each.Severity >= DiagnosticSeverity.Warning));
        // The samples do not show how to turn the log of the host off.
        Environment.SetEnvironmentVariable("Logging__LogLevel__Default", "None");
        Environment.SetEnvironmentVariable("Logging__LogLevel__Microsoft.Hosting.Lifetime", "None");
        TextWriter console = Console.Out;
        using var output = new StringWriter();
        try
        {
            Console.SetOut(output);
            MethodInfo entry = Assembly.Load(program.ToArray()).EntryPoint!;
            _ = entry.Invoke(null, [Array.Empty<string>()]);
        }
        finally
        {
            Console.SetOut(console);
        }

        Assert.Equal(
            Shown().Matches(sample).Select(static shown => shown.Groups[1].Value),
            output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex("^```cs\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    /// <summary>A line that prints, with its output in a comment after it.</summary>
    [GeneratedRegex(@"Console\.WriteLine\(.*\);\s*// (.+)$", RegexOptions.Multiline)]
    private static partial Regex Shown();
}
