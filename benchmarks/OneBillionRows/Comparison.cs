using System.Diagnostics;
using OneBillionRows.Challenge;
using OneBillionRows.Raw;
using OneBillionRows.Safe;

namespace OneBillionRows;

/// <summary>Runs both versions in turn on one file.</summary>
internal static class Comparison
{
    /// <summary>One run of each that does not count, then the timed ones, in turns so that both see the same machine.</summary>
    public static (Measured Safe, Measured Raw) Run(string path, int runCount)
    {
        ISolution[] solutions = [new SafeSolution(), new RawSolution()];
        Measured[] measured = [.. solutions.Select(s => new Measured(s.Name))];
        long fileLength = new FileInfo(path).Length;
        string title = $"Reading {fileLength:N0} bytes, {runCount + 1} times each";
        ProgressDisplay.Show(title, fileLength * solutions.Length * (runCount + 1), display =>
        {
            // The first runs bring the code through the compiler and the file into memory. They also show their progress
            // as they go; of the timed ones, only that they are done.
            foreach (ISolution solution in solutions)
                solution.Solve(path, new SolveOptions { Progress = display });

            for (int run = 0; run < runCount; run++)
            {
                for (int turn = 0; turn < solutions.Length; turn++)
                {
                    // Each goes first in every other pair.
                    int i = (run + turn) % solutions.Length;
                    Time(solutions[i], path, measured[i]);
                    display.Add(fileLength);
                }
            }
        });
        return (measured[0], measured[1]);
    }

    private static void Time(ISolution solution, string path, Measured measured)
    {
        var options = new SolveOptions();
        int collectionsBefore = GC.CollectionCount(0);
        long allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        long startedAt = Stopwatch.GetTimestamp();
        string answer = solution.Solve(path, options);
        TimeSpan took = Stopwatch.GetElapsedTime(startedAt);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
        measured.Add(answer, took.TotalSeconds, allocated, GC.CollectionCount(0) - collectionsBefore);
    }
}
