using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>The challenge without a pointer: owners from the library, spans over them, and vectors over the spans.</summary>
public sealed class SafeSolution : ISolution
{
    /// <inheritdoc/>
    public string Name => "safe";

    /// <inheritdoc/>
    public string Solve(string path, SolveOptions options)
    {
        using var file = new ChunkedFile(path, options);
        var results = new Results();
        WorkerTeam.Run(file, options, f => Worker.Run(f, options.ChunkByteCount, results));
        return results.Format();
    }
}
