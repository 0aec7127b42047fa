using OneBillionRows.Challenge;

namespace OneBillionRows.Tests;

public class OfficialSamplesTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Samples");

    public static TheoryData<string> Names { get; } = [.. Directory.GetFiles(s_folder, "*.txt").Select(p => Path.GetFileNameWithoutExtension(p)!)];

    [Fact]
    public void All_sample_pairs_are_here() => Assert.Equal(6, Names.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void Both_versions_give_the_official_answer(string name)
    {
        string expected = File.ReadAllText(Path.Combine(s_folder, name + ".out")).TrimEnd('\n');
        foreach (string version in (string[])["safe", "raw"])
        {
            foreach (int chunkByteCount in (int[])[1, 10, 100, SolveOptions.DefaultChunkByteCount])
            {
                var options = new SolveOptions { WorkerCount = 2, ChunkByteCount = chunkByteCount };
                Assert.Equal(expected, Solutions.Named(version).Solve(Path.Combine(s_folder, name + ".txt"), options));
            }
        }
    }
}
