using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.TestKit;

/// <summary>A program of statements on a page. The comment after a line is the line's output.</summary>
/// <param name="Text">The program.</param>
public sealed partial record PageSample(string Text)
{
    private static readonly Lazy<MetadataReference[]> s_references = new(static () =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ]);

    /// <summary>The output of the program, as its comments say it: one item a line.</summary>
    public IReadOnlyList<string> Shown { get; } = [.. Output().Matches(Text).Select(static line => line.Groups[1].Value)];

    /// <summary>The number of the error that refuses the program, as its first comment says it, or null if it compiles.</summary>
    public string? Refusal { get; } = Refused().Match(Text) is { Success: true } refusal ? refusal.Groups[1].Value : null;

    /// <summary>The samples of a page, in their order.</summary>
    /// <param name="page">The path of the page, from the root of the repository.</param>
    /// <param name="language">The language after the fence: <c>csharp</c>, or <c>cs</c> for what needs a package beside the library.</param>
    public static IReadOnlyList<PageSample> Of(string page, string language) =>
        [.. Regex.Matches(Repository.Read(page), $"^```{language}\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)
            .Select(static fence => new PageSample(fence.Groups[1].Value))];

    /// <summary>Compiles the program against the libraries of the running test.</summary>
    /// <param name="imports">Global <c>using</c> directives.</param>
    /// <exception cref="InvalidOperationException">The compiler has a warning or an error.</exception>
    public Assembly Compile(string imports)
    {
        using var program = new MemoryStream();
        var compilation = CSharpCompilation.Create(
            "Sample",
            [CSharpSyntaxTree.ParseText(Text), CSharpSyntaxTree.ParseText(imports)],
            s_references.Value,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        Diagnostic[] reports = [.. compilation.Emit(program).Diagnostics.Where(static each => each.Severity >= DiagnosticSeverity.Warning)];
        return reports.Length == 0
            ? Assembly.Load(program.ToArray())
            : throw new InvalidOperationException(string.Join(Environment.NewLine, reports.AsEnumerable()));
    }

    /// <summary>Runs something and returns the lines that it prints.</summary>
    public static IReadOnlyList<string> LinesOf(Action run)
    {
        TextWriter console = Console.Out;
        using var output = new StringWriter();
        try
        {
            Console.SetOut(output);
            run();
        }
        finally
        {
            Console.SetOut(console);
        }

        return output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The entry point of a compiled sample.</summary>
    public static void Start(Assembly program)
    {
        MethodInfo entry = program.EntryPoint!;
        _ = entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
    }

    [GeneratedRegex("^// does not compile: (CS[0-9]{4})$", RegexOptions.Multiline)]
    private static partial Regex Refused();

    /// <summary>A line that prints, with its output in a comment after it.</summary>
    [GeneratedRegex(@"Console\.WriteLine\(.*\);\s*// (.+)$", RegexOptions.Multiline)]
    private static partial Regex Output();
}
