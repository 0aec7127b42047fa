using System.Text;
using OneBillionRows.Challenge;

namespace OneBillionRows.Tests;

public class ValidInputTests
{
    public static TheoryData<string> Versions { get; } = ["safe", "raw"];

    [Theory]
    [MemberData(nameof(Solutions.AllWays), MemberType = typeof(Solutions))]
    public void Random_lines_give_the_same_as_the_oracle(string version, int workerCount, int chunkByteCount)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            string input = RandomInput.Lines(random, RandomInput.Names(random, 1 + (seed * 5)), 300);
            Assert.Equal(Oracle.Solve(input), Solutions.Solve(version, input, workerCount, chunkByteCount));
        }
    }

    [Theory]
    [MemberData(nameof(Solutions.WaysForLargeInput), MemberType = typeof(Solutions))]
    public void Ten_thousand_stations_are_kept_apart(string version, int workerCount, int chunkByteCount)
    {
        var random = new Random(7);
        string[] names = RandomInput.Names(random, LineRules.MaxStationCount);
        Assert.Contains(names, n => Encoding.UTF8.GetByteCount(n) == LineRules.MaxNameByteCount);
        string input = RandomInput.Lines(random, names, 30_000);
        Assert.Equal(Oracle.Solve(input), Solutions.Solve(version, input, workerCount, chunkByteCount));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Names_that_share_their_first_99_bytes_are_kept_apart(string version)
    {
        string[] names = [.. Enumerable.Range(0, 90).Select(i => new string('n', 99) + (char)(' ' + i)).Where(n => !n.Contains(';', StringComparison.Ordinal))];
        string input = RandomInput.Lines(new Random(1), names, 1000);
        Assert.Equal(Oracle.Solve(input), Solutions.Solve(version, input, chunkByteCount: 500));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Names_of_every_length_around_a_vector_are_kept_apart(string version)
    {
        string[] names = [.. Enumerable.Range(1, 100).SelectMany(n => (string[])[new string('v', n), new string('v', n - 1) + "w", new string('\0', n)])];
        string input = RandomInput.Lines(new Random(2), names, 2000);
        Assert.Equal(Oracle.Solve(input), Solutions.Solve(version, input, chunkByteCount: 777));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Names_whose_halves_cancel_out_are_kept_apart(string version)
    {
        // The first sixteen bytes fold onto the next sixteen, and words onto words: all of these hash alike.
        string[] parts = ["aaaa", "bbbb", "cccc", "dddd", "eeee"];
        string[] names = [.. parts.Select(p => string.Concat(Enumerable.Repeat(p, 4)) + string.Concat(Enumerable.Repeat(p, 3)) + p[1..])];
        names = [.. names, .. names.Select(n => n[16..] + n[..16])];
        string input = RandomInput.Lines(new Random(3), [.. names.Distinct()], 500);
        Assert.Equal(Oracle.Solve(input), Solutions.Solve(version, input));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_temperature_is_read_right(string version)
    {
        var text = new StringBuilder();
        for (int tenths = -999; tenths <= 999; tenths++)
        {
            string sign = tenths < 0 ? "-" : "";
            text.Append($"{tenths};{sign}{Math.Abs(tenths) / 10}.{Math.Abs(tenths) % 10}\n");
            if (Math.Abs(tenths) < 100)
                text.Append($"{tenths} with a zero;{sign}0{Math.Abs(tenths) / 10}.{Math.Abs(tenths) % 10}\n");
        }

        Assert.Equal(Oracle.Solve(text.ToString()), Solutions.Solve(version, text.ToString(), chunkByteCount: 5000));
    }

    [Theory]
    [MemberData(nameof(Solutions.AllWays), MemberType = typeof(Solutions))]
    public void An_empty_file_has_no_stations(string version, int workerCount, int chunkByteCount) =>
        Assert.Equal("{}", Solutions.Solve(version, "", workerCount, chunkByteCount));

    [Theory]
    [InlineData("a;1.0")]
    [InlineData("a;1.0\n")]
    [InlineData("a;-99.9")]
    public void One_line_is_enough(string input)
    {
        Assert.Equal(Oracle.Solve(input), Solutions.Solve("safe", input));
        Assert.Equal(Oracle.Solve(input), Solutions.Solve("raw", input));
    }

    [Theory]
    [InlineData("a;-0.1\na;0.0\n", "{a=-0.1/0.0/0.0}")] // -0.05 goes up, to a zero without a sign
    [InlineData("a;-0.0\n", "{a=0.0/0.0/0.0}")]
    [InlineData("a;0.1\na;0.0\n", "{a=0.0/0.1/0.1}")]
    [InlineData("a;-0.1\na;-0.2\n", "{a=-0.2/-0.1/-0.1}")] // -0.15 goes up
    [InlineData("a;-0.2\na;-0.1\na;-0.2\n", "{a=-0.2/-0.2/-0.1}")]
    public void Means_are_rounded_half_up(string input, string expected)
    {
        Assert.Equal(expected, Solutions.Solve("safe", input));
        Assert.Equal(expected, Solutions.Solve("raw", input));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Names_are_sorted_by_units_of_utf16(string version) =>
        Assert.Equal(
            "{Z=1.0/1.0/1.0, a=1.0/1.0/1.0, ab=1.0/1.0/1.0, é=1.0/1.0/1.0, 🐝=1.0/1.0/1.0, \uFF5E=1.0/1.0/1.0}",
            Solutions.Solve(version, "\uFF5E;1.0\n🐝;1.0\né;1.0\nab;1.0\na;1.0\nZ;1.0\n"));

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_station_more_than_the_challenge_has_is_refused_with_a_clear_message(string version)
    {
        string input = string.Concat(Enumerable.Range(0, LineRules.MaxStationCount + 1).Select(i => $"s{i};1.0\n"));
        foreach (int workerCount in (int[])[1, 3])
        {
            var e = Assert.Throws<TooManyStationsException>(() => Solutions.Solve(version, input, workerCount, 4096));
            Assert.Contains("more than 10000 different stations", e.Message, StringComparison.Ordinal);
        }
    }
}
