using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The rules of layout and naming that neither the compiler nor <c>dotnet format</c> enforces.</summary>
public partial class LayoutTests
{
    private static readonly string[] s_files = [.. new[] { "src", "tests", "benchmarks" }.SelectMany(static folder => Repository.Files(folder, "*.cs"))];

    [Fact]
    public void No_line_is_longer_than_the_editorconfig_allows()
    {
        int longest = Repository.Read(".editorconfig").Split('\n')
            .Where(static line => line.StartsWith("max_line_length = ", StringComparison.Ordinal))
            .Select(static line => int.Parse(line.Split('=')[1], CultureInfo.InvariantCulture))
            .Single();
        AssertNone(
            from file in s_files
            from line in File.ReadLines(Repository.Absolute(file)).Select(static (text, index) => (Text: text, Number: index + 1))
            where LongText().Replace(line.Text, "").Length > longest
            select $"{file}({line.Number}): {line.Text.Length} characters");
    }

    [Fact]
    public void A_static_field_that_changes_begins_with_s_and_one_of_each_thread_with_t() =>
        AssertNone(
            from file in s_files
            from field in CSharpSyntaxTree.ParseText(Repository.Read(file)).GetCompilationUnitRoot().DescendantNodes().OfType<FieldDeclarationSyntax>()
            where field.Modifiers.Any(SyntaxKind.StaticKeyword) && !field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword)
            where field.Modifiers.Any(SyntaxKind.PrivateKeyword)
            let prefix = field.AttributeLists.ToString().Contains("ThreadStatic", StringComparison.Ordinal) ? "t_" : "s_"
            from variable in field.Declaration.Variables
            where !variable.Identifier.Text.StartsWith(prefix, StringComparison.Ordinal)
            select $"{file}: {variable.Identifier.Text} instead of {prefix}…");

    [Fact]
    public void Imports_are_sorted_and_those_of_System_come_first() =>
        AssertNone(
            from file in s_files
            let imports = Import().Matches(Repository.Read(file)).Select(static import => import.Groups["name"].Value).ToArray()
            let sorted = imports
                .OrderBy(static name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal))
                .ThenBy(static name => name, StringComparer.OrdinalIgnoreCase)
            where !imports.SequenceEqual(sorted)
            select $"{file}: {string.Join(' ', imports)}");

    [GeneratedRegex(@"^using (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Import();

    /// <summary>A message or a pattern does not count: it stays in one piece, so that a search finds it.</summary>
    [GeneratedRegex("""@?"(?:[^"\\]|\\.){40,}"?""")]
    private static partial Regex LongText();

    private static void AssertNone(IEnumerable<string> offences)
    {
        string[] all = [.. offences];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
