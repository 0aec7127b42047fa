using System.Text;
using OneBillionRows.Challenge;

namespace OneBillionRows.Tests;

public class MalformedLineTests
{
    /// <summary>Each is wrong in another way; each byte is one character here, so that bytes that are no UTF-8 can be written.</summary>
    private static readonly string[] s_malformed =
    [
        "", "no semicolon", "x", "1.0", "-1.0", ";1.0", ";", ";;", ";;1.0", "a;", "a;-", "a;.", "a;-.",
        "a;.5", "a;-.5", "a;1", "a;12", "a;1.", "a;-1.", "a;12.", "a;1.23", "a;100.0", "a;-100.0", "a;000.0", "a;+1.0", "a;+12.0", "a;--1.0",
        "a;-+1.0", "a;1-.0", "a;1.-0", "a; 1.0", "a;1.0 ", "a;1,0", "a;1e1", "a;0x1", "a;1.a", "a;a.1", "a;a1.0", "a;/.0", "a;:.0", "a;:0.0", "a;1./", "a;1.:",
        "a;1.0;", "a;1.0;1.0", "a;;1.0", "a;b;1.0", "a;:1.0", "b;;.0", "a;1;0", "a;1.0\r", "\r", "a;1.0\0", "a;\01.0", "\0", "a;b\0;1.0",
        "a;\0;1.0",
        "a;\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0;1.0", "a;\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0;1.0",
        new string('n', 101) + ";1.0", new string('n', 250) + ";1.0", new string('n', 251) + ";1.0", new string('n', 256) + "a;1.0",
        "a;" + new string('n', 254) + ";1.0", new string('n', 100), new string('n', 3000), new string('n', 3000) + ";1.0", new string('\xFF', 40) + ";1.0",
        "\xFF;1.0", "\xC3;1.0", "n\xC3;1.0", "\xE4\xB8;1.0", "\xC0\x80;1.0", "\xED\xA0\x80;1.0", "name \x80;1.0", new string('n', 60) + "\x80;1.0", "a;\xFF.0",
    ];

    public static TheoryData<string, int, int> Ways => Solutions.AllWays;

    [Theory]
    [MemberData(nameof(Ways))]
    public void Every_kind_is_reported_with_its_line_at_any_place_of_the_file(string version, int workerCount, int chunkByteCount)
    {
        foreach (string line in s_malformed)
        {
            foreach (int number in (int[])[1, 30])
                AssertReported(number, LinesWith(number, line), version, workerCount, chunkByteCount);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_last_line_may_be_the_malformed_one_also_without_a_newline(string version, int workerCount, int chunkByteCount)
    {
        foreach (string line in s_malformed.Where(l => l.Length > 0))
            AssertReported(31, LinesWith(31, line)[..^1], version, workerCount, chunkByteCount);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_first_of_several_is_reported(string version, int workerCount, int chunkByteCount)
    {
        string lines = LinesWith(12, "a;1.23") + LinesWith(3, "no semicolon") + LinesWith(30, ";1.0");
        for (int i = 0; i < 20; i++)
            AssertReported(12, lines, version, workerCount, chunkByteCount);
    }

    [Theory]
    [InlineData("safe")]
    [InlineData("raw")]
    public void The_line_is_found_deep_in_a_large_file(string version)
    {
        string lines = string.Concat(Enumerable.Range(0, 40_000).Select(i => i == 33_332 ? "Oslo;1.0\n\n" : $"Oslo {i % 700};{i % 99}.5\n"));
        AssertReported(33_334, lines, version, 3, 10_000);
    }

    [Theory]
    [InlineData("", "blank")]
    [InlineData("Oslo 1.0", "no semicolon")]
    [InlineData(";1.0", "no name")]
    [InlineData("Oslo;1.23", "temperature")]
    [InlineData("Oslo;1.0\r", "\\r")]
    [InlineData("\xFF;1.0", "UTF-8")]
    public void The_message_is_one_line_and_names_the_mistake(string line, string word)
    {
        using var file = new TemporaryFile(Encoding.Latin1.GetBytes("a;1.0\n" + line + "\n"));
        var e = Assert.Throws<MalformedLineException>(() => Solutions.Named("safe").Solve(file.Path, new SolveOptions()));
        Assert.StartsWith("line 2 is malformed: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(word, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    // Thirty lines, of which the malformed one is this; the short names of them are in the table when it comes late.
    private static string LinesWith(int number, string malformed)
    {
        var lines = Enumerable.Range(1, 30).Select(i => i % 3 == 0 ? "a;1.0" : $"n{i};-{i}.5").ToList();
        lines.Insert(number - 1, malformed);
        return string.Join('\n', lines) + "\n";
    }

    private static void AssertReported(int number, string lines, string version, int workerCount, int chunkByteCount)
    {
        try
        {
            Solutions.Solve(version, Encoding.Latin1.GetBytes(lines), workerCount, chunkByteCount);
        }
        catch (MalformedLineException e) when (e.LineNumber == number)
        {
            return;
        }
        catch (MalformedLineException e)
        {
            Assert.Fail($"Line {number} should have been reported, not: {e.Message}");
        }

        Assert.Fail($"Line {number} passed: {lines.Split('\n')[number - 1]}");
    }
}
