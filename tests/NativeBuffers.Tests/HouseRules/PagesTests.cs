using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The rules that the pages keep.</summary>
public partial class PagesTests
{
    [Fact]
    public void Links_lead_to_files_that_exist() =>
        Assert.Empty(
            from page in Repository.Pages
            from Match link in Link().Matches(Repository.Read(page))
            let target = link.Groups[1].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            let path = Path.Combine(Path.GetDirectoryName(Repository.Absolute(page))!, target)
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{page}: {target}");

    [Fact]
    public void Every_command_shown_is_run_by_CI()
    {
        string script = Repository.Read(".ci/run");
        string[] commands =
        [
            .. from page in Repository.Pages
               from Match block in Fence().Matches(Repository.Read(page))
               from line in block.Groups[1].Value.Split('\n')
               where Command().IsMatch(line)
               select line.Trim(),
        ];
        Assert.NotEmpty(commands);
        Assert.All(commands.Distinct(), command => Assert.Contains(command, script, StringComparison.Ordinal));
    }

    [Fact]
    public void The_first_screen_of_the_README_shows_the_two_commands()
    {
        string firstScreen = string.Join('\n', Repository.Read("README.md").Split('\n').Take(30));
        Assert.Contains("dotnet run -c Release --project benchmarks/OneBillionRows\n", firstScreen, StringComparison.Ordinal);
        Assert.Contains("dotnet test -c Release\n", firstScreen, StringComparison.Ordinal);
    }

    /// <summary>A line that starts the SDK or a program of this repository, perhaps with variables before it.</summary>
    [GeneratedRegex(@"^([A-Z_a-z]+=\S+ )*(dotnet|tests/\S+|\.ci/\S+)( |$)")]
    private static partial Regex Command();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```\\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
