using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>
/// Comments, pages, names of tests and project files are plain English. The forms below are rare in plain text, and hard to read in a second
/// language.
/// </summary>
/// <remarks>
/// A sentence about a thread, a slot or a caller names the thread, the slot or the caller. It does not hide them in a pronoun or in a
/// clause that serves as a noun. The rule counts lines with such a form.
/// </remarks>
public partial class PlainEnglishTests
{
    /// <summary>The most lines with such a form, of 1000.</summary>
    private const double Limit = 2;

    /// <summary>Where a form is the right word: the end of a path, and a text of the line.</summary>
    private static readonly (string File, string Text)[] s_exceptions = [];

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("benchmarks")]
    public void Comments_are_plain(string folder) => AssertPlain(Repository.Files(folder, "*.cs").SelectMany(CommentLines));

    [Fact]
    public void Pages_are_plain() => AssertPlain(Repository.Pages.Append("CHANGELOG.md").SelectMany(PageLines));

    [Fact]
    public void Names_of_tests_are_plain() =>
        AssertPlain(Repository.Files("tests", "*.cs").Concat(Repository.Files("benchmarks", "*.cs")).SelectMany(TestNames), limit: 0);

    [Fact]
    public void Project_files_are_plain() =>
        AssertPlain(
            new[] { "*.csproj", "*.props", "*.targets" }
                .SelectMany(static kind => new[] { "src", "tests", "benchmarks" }.SelectMany(folder => Repository.Files(folder, kind)))
                .Concat(["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
                .SelectMany(ProjectLines),
            limit: 0);

    [Theory]
    [InlineData("Whoever_frees_the_block_waits")]
    [InlineData("A_block_goes_back_by_whomever")]
    [InlineData("One_thread_waits_for_the_other")]
    [InlineData("The_message_says_what_is_wrong")]
    public void A_name_that_is_hard_to_read_is_found(string name) => Assert.Matches(Form(), SentenceOf(name));

    [Fact]
    public void A_plain_name_is_not_found() => Assert.DoesNotMatch(Form(), SentenceOf("Two_threads_free_each_others_blocks"));

    [Theory]
    [InlineData("Whoever frees the block waits.")]
    [InlineData("What is left goes back.")]
    [InlineData("Nobody reads it.")]
    [InlineData("Takes so many bytes.")]
    [InlineData("The bytes behind the block.")]
    [InlineData("As the other one.")]
    [InlineData("It is to be had.")]
    [InlineData("The bytes that the owner is to have.")]
    [InlineData("The note stands before the block.")]
    [InlineData("Waits until the others have left.")]
    public void A_form_that_is_hard_to_read_is_found(string line) => Assert.Matches(Form(), line);

    [Theory]
    [InlineData("The other thread waits.")]
    [InlineData("A stand-in for the system.")]
    [InlineData("What does a buffer cost?")]
    [InlineData("The reader understands it.")]
    public void Plain_English_is_not_found(string line) => Assert.DoesNotMatch(Form(), line);

    private static void AssertPlain(IEnumerable<(string File, int Number, string Text)> lines, double limit = Limit)
    {
        (string File, int Number, string Text)[] all = [.. lines];
        string[] found =
        [
            .. all.Where(static line => Form().IsMatch(line.Text))
                .Where(
                    static line => !s_exceptions.Any(
                        known => line.File.EndsWith(known.File, StringComparison.Ordinal) && line.Text.Contains(known.Text, StringComparison.Ordinal)))
                .Select(static line => $"{line.File}({line.Number}): {line.Text}"),
        ];
        Assert.NotEmpty(all);
        Assert.True(found.Length * 1000 <= limit * all.Length, $"{found.Length} of {all.Length} lines:\n{string.Join('\n', found)}");
    }

    private static IEnumerable<(string File, int Number, string Text)> CommentLines(string file) =>
        from line in File.ReadLines(Repository.Absolute(file)).Select(static (text, index) => (Text: text, Number: index + 1))
        let text = CommentOf(line.Text)
        where text.Length > 0
        select (file, line.Number, text);

    /// <summary>The names of methods that are sentences.</summary>
    private static IEnumerable<(string File, int Number, string Text)> TestNames(string file) =>
        from method in CSharpSyntaxTree.ParseText(Repository.Read(file)).GetCompilationUnitRoot().DescendantNodes().OfType<MethodDeclarationSyntax>()
        where method.Identifier.Text.Contains('_')
        select (file, method.GetLocation().GetLineSpan().StartLinePosition.Line + 1, SentenceOf(method.Identifier.Text));

    /// <summary>A name has no apostrophe.</summary>
    private static string SentenceOf(string name) => $"{name.Replace('_', ' ').Replace("each others", "each other's", StringComparison.Ordinal)}.";

    /// <summary>The comments of a project file, and the description of its package.</summary>
    private static IEnumerable<(string File, int Number, string Text)> ProjectLines(string file) =>
        from node in XDocument.Load(Repository.Absolute(file), LoadOptions.SetLineInfo).DescendantNodes()
        let text = node switch
        {
            XComment comment => comment.Value,
            XElement { Name.LocalName: "Description" } description => description.Value,
            _ => "",
        }
        from line in text.Split('\n')
        where line.Trim().Length > 0
        select (file, ((IXmlLineInfo)node).LineNumber, line.Trim());

    /// <summary>The lines of a page. Of a sample of code, its comments.</summary>
    private static IEnumerable<(string File, int Number, string Text)> PageLines(string page)
    {
        bool isCode = false;
        int number = 0;
        foreach (string line in File.ReadLines(Repository.Absolute(page)))
        {
            number++;
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if ((isCode ? CommentOf(line) : LinkTarget().Replace(line, "").Trim()) is { Length: > 0 } text)
            {
                yield return (page, number, text);
            }
        }
    }

    private static string CommentOf(string line) => Markup().Replace(Comment().Match(line).Groups["text"].Value, "").Trim();

    [GeneratedRegex(
        """
        (?:^|[.!?:]\s)(?:What|Who|Whoever|Whose|Whatever)\b(?![^.]*\?)
        |\b(?:[Ww]hoever|[Ww]homever|[Nn]obody|[Ss]omebody|[Ss]omeone|[Aa]nybody|[Aa]nyone|[Ee]verybody|[Ee]veryone|[Oo]thers|[Nn]o\sone)\b
        |\bwho\b(?![^.]*\?)
        |\bwhat\s(?:is|was|were|has|have|came|comes|stands|follows|it|they|the|an?|this|that|owners?)\b(?![^.]*\?)
        |\b[Ss]o\smany\b
        |\b[Aa]s\sthe\sother\b
        |\bthe\sother(?=[.,;:)])
        |\b(?:is|are)\sto\s(?:be|have)\b|\bto\sbe\shad\b
        |\bstands?\b(?!-)
        |\b[Bb]ehind\b
        |\bas\sit\swas\b(?!\s\w)
        |\bno\smore\b(?!\s\w)
        |\b(?:[Aa]new|[Mm]eanwhile|[Uu]pon)\b
        |\bholds?\sgood\b
        |\bsees?\sto\sit\b
        |\b(?:is|are)\stold\b
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Form();

    /// <summary>A comment outside of string literals.</summary>
    [GeneratedRegex("""^(?:[^"/]|"(?:[^"\\]|\\.)*"|/(?!/))*//+(?<text>.*)$""")]
    private static partial Regex Comment();

    [GeneratedRegex("<[^>]*>|`[^`]*`")]
    private static partial Regex Markup();

    [GeneratedRegex(@"\]\([^)]*\)")]
    private static partial Regex LinkTarget();
}
