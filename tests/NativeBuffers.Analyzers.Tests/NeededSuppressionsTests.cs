using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests;

/// <summary>Each suppression of a rule in this repository silences a report: the code, or the rule, may have changed since it was written.</summary>
/// <remarks>Set <c>NATIVEBUFFERS_NEEDED_SUPPRESSIONS=1</c> after a build of the solution, when a rule has changed.</remarks>
[Trait("Speed", "Slow")]
public sealed partial class NeededSuppressionsTests
{
    private static readonly CSharpParseOptions s_parsing = new(LanguageVersion.Preview, preprocessorSymbols: ["NET", "NET10_0", "NET10_0_OR_GREATER"]);

    [Fact]
    public async Task Each_suppression_silences_a_report()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("NATIVEBUFFERS_NEEDED_SUPPRESSIONS") == "1", "It compiles all tests: some 20 s.");
        string record = File.ReadAllText(Repository.Absolute("tests/NativeBuffers.Tests/HouseRules/Suppressions.txt"));
        string[] files = [.. record.Split('\n').Where(static line => line.Length > 0).Select(static line => line.Split(": ")[0]).Distinct()];
        List<string> needless = [];
        int count = 0;
        foreach (IGrouping<string, string> project in files.Select(Repository.Absolute).GroupBy(ProjectOf))
        {
            CSharpCompilation compilation = Compile(project.Key);
            CompilationWithAnalyzersOptions options = new(
                new AnalyzerOptions([]),
                onAnalyzerException: null,
                concurrentAnalysis: true,
                logAnalyzerExecutionTime: false,
                reportSuppressedDiagnostics: true);
            CompilationWithAnalyzers rules = compilation.WithAnalyzers([new OwnershipAnalyzer(), new RawMemoryAnalyzer()], options);
            foreach (SyntaxTree tree in compilation.SyntaxTrees.Where(tree => project.Contains(tree.FilePath)))
            {
                HashSet<int> needed = await NeededAsync(rules, tree);
                foreach (Match attribute in Attribute().Matches(tree.ToString()))
                {
                    count++;
                    int line = tree.GetText(TestContext.Current.CancellationToken).Lines.GetLineFromPosition(attribute.Index).LineNumber;
                    if (!needed.Contains(line))
                    {
                        needless.Add($"{tree.FilePath}({line + 1}): {attribute.Value.Trim()}");
                    }
                }
            }
        }

        Assert.True(count >= 100, $"{count} suppressions");
        Assert.True(needless.Count == 0, $"No rule reports a place that these silence:\n{string.Join('\n', needless)}");
    }

    /// <summary>The lines of the attributes that silence reports.</summary>
    private static async Task<HashSet<int>> NeededAsync(CompilationWithAnalyzers rules, SyntaxTree tree)
    {
        AnalysisResult result = await rules.GetAnalysisResultAsync(
            rules.Compilation.GetSemanticModel(tree), filterSpan: null, TestContext.Current.CancellationToken);
        return
        [
            .. from report in result.GetAllDiagnostics()
               where report.IsSuppressed
               let attribute = report.GetSuppressionInfo(rules.Compilation)?.Attribute?.ApplicationSyntaxReference
               where attribute is not null
               select tree.GetText().Lines.GetLineFromPosition(attribute.Span.Start).LineNumber,
        ];
    }

    private static string ProjectOf(string file)
    {
        string folder = Path.GetDirectoryName(file)!;
        while (Directory.GetFiles(folder, "*.csproj").Length == 0)
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    /// <summary>The sources of a project, without those of generators: bodies that need these have no suppressions.</summary>
    private static CSharpCompilation Compile(string project)
    {
        string built = Path.Combine(project, "bin", "Release", "net10.0");
        Assert.True(Directory.Exists(built), $"Build {project} first.");
        IEnumerable<SyntaxTree> trees =
            from path in Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            let local = Path.GetRelativePath(project, path).Replace('\\', '/')
            where !local.StartsWith("bin/", StringComparison.Ordinal)
                && (!local.StartsWith("obj/", StringComparison.Ordinal) || local.StartsWith("obj/Release/net10.0/", StringComparison.Ordinal))
                && !local.Contains("CompileFail/Samples/", StringComparison.Ordinal)
            select CSharpSyntaxTree.ParseText(File.ReadAllText(path), s_parsing, path);
        IEnumerable<MetadataReference> references =
            Directory.GetFiles(built, "*.dll").Where(path => IsReference(path, project)).Select(static path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create(
            Path.GetFileName(project),
            trees,
            [.. Shape.References, .. references],
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
    }

    private static bool IsReference(string path, string project)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        return name != Path.GetFileName(project) && name != "NativeBuffers" && !name.StartsWith("System.", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^ *\[SuppressMessage\(""Ownership"", ""NB[0-9]{4}""", RegexOptions.Multiline)]
    private static partial Regex Attribute();
}
