using OneBillionRows.Challenge;

namespace OneBillionRows.Raw;

/// <summary>The challenge with pointers by hand, as a careful C programmer would write it in C#.</summary>
public sealed class RawSolution : ISolution
{
    /// <inheritdoc/>
    public string Name => "raw";

    /// <inheritdoc/>
    public string Solve(string path, SolveOptions options)
    {
        using var mapped = new RawMapping(path);
        using var file = new ChunkedFile(path, options, mapped.Length);
        var results = new Results();
        WorkerTeam.Run(file, options, f => RawWorker.Run(f, mapped, options.ChunkByteCount, results));
        return results.Format();
    }
}
