using NativeBuffers;
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
        using var mapped = MappedFile<byte>.OpenRead(path);
        using var file = new ChunkedFile(path, options, mapped.Length);
        var results = new Results();
        WorkerTeam.Run(file, options, f => Worker.Run(f, mapped, options.ChunkByteCount, results));
        return results.Format();
    }
}
