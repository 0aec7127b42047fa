using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>All rules of ownership are errors in this repository. Code that breaks one on purpose says why, and a list shows all such places.</summary>
public partial class SuppressionsTests
{
    private const string Record = "tests/NativeBuffers.Tests/HouseRules/Suppressions.txt";

    private static readonly string[] s_rules = [.. Repository.Files("docs/rules", "NB*.md").Select(static page => Path.GetFileNameWithoutExtension(page))];

    /// <summary>All code. It is read again for each test: no later collection of garbage looks at it.</summary>
    private static IEnumerable<(string Path, string Text)> Code =>
        new[] { "src", "tests", "benchmarks" }
            .SelectMany(static folder => Repository.Files(folder, "*.cs"))
            .Select(static path => (path, Repository.Read(path)));

    [Fact]
    public void Each_rule_is_an_error()
    {
        Assert.Equal(10, s_rules.Length);
        string settings = Repository.Read(".editorconfig");
        Assert.All(s_rules, rule => Assert.Contains($"\ndotnet_diagnostic.{rule}.severity = error\n", settings, StringComparison.Ordinal));
        Assert.Equal(s_rules.Length, Severity().Count(settings));
    }

    [Fact]
    public void Nothing_but_an_attribute_with_a_reason_suppresses_a_rule()
    {
        string[] projects = [.. new[] { "*.csproj", "*.props", "*.targets", ".globalconfig" }.SelectMany(static pattern => Repository.Files("", pattern))];
        Assert.DoesNotContain(projects, static path => Rule().IsMatch(Repository.Read(path)));
        Assert.DoesNotContain(Code, static file => Pragma().IsMatch(file.Text));
        Assert.Empty(
            from file in Code
            from Match attribute in Attribute().Matches(file.Text)
            where !Reason().IsMatch(attribute.Value)
            select $"{file.Path}: {attribute.Value}");
    }

    [Fact]
    public void The_suppressions_are_the_recorded_ones()
    {
        string actual = string.Concat(
            Code.SelectMany(
                static file => Attribute().Matches(file.Text).Select(static attribute => Reason().Match(attribute.Value))
                    .GroupBy(static reason => (Rule: reason.Groups[1].Value, Why: reason.Groups[2].Value))
                    .OrderBy(static group => group.Key)
                    .Select(group => $"{file.Path}: {group.Key.Rule} at {group.Count()}: {group.Key.Why}\n")));
        if (Environment.GetEnvironmentVariable("RECORD_SUPPRESSIONS") == "1")
        {
            File.WriteAllText(Repository.Absolute(Record), actual);
        }

        Assert.True(
            actual == Repository.Read(Record),
            $"The suppressions differ from {Record}. If that is meant, run the tests once with RECORD_SUPPRESSIONS=1. They are now:\n{actual}");
    }

    [GeneratedRegex("NB[0-9]{4}")]
    private static partial Regex Rule();

    [GeneratedRegex(@"^dotnet_diagnostic\.NB[0-9]{4}\.", RegexOptions.Multiline)]
    private static partial Regex Severity();

    [GeneratedRegex("^ *#pragma warning.*NB[0-9]{4}", RegexOptions.Multiline)]
    private static partial Regex Pragma();

    [GeneratedRegex(@"^ *\[.*SuppressMessage\(""[A-Za-z]*"", ""NB[^\n]*", RegexOptions.Multiline)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"^ *\[SuppressMessage\(""Ownership"", ""(NB[0-9]{4})"", Justification = ""([A-Z][^""]{10,}\.)""\)\]$")]
    private static partial Regex Reason();
}
