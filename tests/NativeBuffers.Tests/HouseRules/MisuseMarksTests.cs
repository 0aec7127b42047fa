using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>Each shape of misuse on the page of ownership says what finds it.</summary>
public partial class MisuseMarksTests
{
    private const string Page = "docs/ownership.md";

    private static readonly string[] s_shapes =
        [.. Shape().Split(Repository.Read(Page).Split("\n## Where it stops\n")[1].Split("\n## ")[0]).Skip(1)];

    [Fact]
    public void Every_shape_ends_with_a_mark()
    {
        Assert.True(s_shapes.Length >= 25);
        Assert.Empty(s_shapes.Where(static shape => !Mark().IsMatch(shape)).Select(static shape => shape.Split('\n')[0]));
    }

    [Fact]
    public void A_mark_names_rules_with_a_page_modes_that_exist_or_the_effect()
    {
        foreach (string mark in s_shapes.Select(static shape => Mark().Match(shape).Groups[1].Value.ReplaceLineEndings(" ")))
        {
            string[] rules = [.. Rule().Matches(mark).Select(static match => match.Value)];
            string[] modes = [.. Mode().Matches(mark).Select(static match => match.Groups[1].Value)];
            Assert.All(rules, static rule => Assert.True(File.Exists(Repository.Absolute($"docs/rules/{rule}.md")), rule));
            Assert.True(
                rules.Length + modes.Length > 0 || mark is "the end of the process" || mark.StartsWith("an exception at run time", StringComparison.Ordinal)
                || mark.StartsWith("the compiler ", StringComparison.Ordinal),
                mark);
        }
    }

    [GeneratedRegex(@"^- (?=\*\*)", RegexOptions.Multiline)]
    private static partial Regex Shape();

    [GeneratedRegex(@"\*(?:Found|Refused) by ([^*]+)\.\*\s*$")]
    private static partial Regex Mark();

    [GeneratedRegex("NB[0-9]{4}")]
    private static partial Regex Rule();

    [GeneratedRegex("`(checked|pages|sampled|sites)`")]
    private static partial Regex Mode();
}
