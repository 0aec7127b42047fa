using System.Text;
using OneBillionRows.Challenge;
using OneBillionRows.Raw;
using OneBillionRows.Safe;

namespace OneBillionRows.Tests;

/// <summary>Both versions, run on bytes that a test made up.</summary>
public static class Solutions
{
    /// <summary>The two versions by name, each with several teams and chunks: lines straddle most of these.</summary>
    public static TheoryData<string, int, int> AllWays { get; } = AllWaysOf([1, 3, 64, 100, SolveOptions.DefaultChunkByteCount]);

    /// <summary>As <see cref="AllWays"/>, without the tiny chunks that would take long on large input.</summary>
    public static TheoryData<string, int, int> WaysForLargeInput { get; } = AllWaysOf([997, 8192, SolveOptions.DefaultChunkByteCount]);

    public static ISolution Named(string name) => name == "safe" ? new SafeSolution() : new RawSolution();

    public static string Solve(string version, string input, int workerCount = 2, int chunkByteCount = 64) =>
        Solve(version, Encoding.UTF8.GetBytes(input), workerCount, chunkByteCount);

    public static string Solve(string version, byte[] input, int workerCount = 2, int chunkByteCount = 64)
    {
        using var file = new TemporaryFile(input);
        return Named(version).Solve(file.Path, new SolveOptions { WorkerCount = workerCount, ChunkByteCount = chunkByteCount });
    }

    private static TheoryData<string, int, int> AllWaysOf(int[] chunkByteCounts)
    {
        var data = new TheoryData<string, int, int>();
        foreach (string version in (string[])["safe", "raw"])
        {
            foreach (int workerCount in (int[])[1, 4])
            {
                foreach (int chunkByteCount in chunkByteCounts)
                    data.Add(version, workerCount, chunkByteCount);
            }
        }

        return data;
    }
}
