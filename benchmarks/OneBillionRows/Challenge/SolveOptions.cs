namespace OneBillionRows.Challenge;

/// <summary>How a solution divides its work. The answer is the same for every value.</summary>
public sealed record SolveOptions
{
    /// <summary>
    /// Small enough that all workers end at about the same time, and large enough that the edges of chunks do not count.
    /// </summary>
    public const int DefaultChunkByteCount = 512 * 1024;

    /// <summary>Threads that read and parse, each with its own buffer and table.</summary>
    public int WorkerCount { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes of the file that a worker takes at a time. Any value from 1 works; tests use small ones.</summary>
    public int ChunkByteCount { get; init; } = DefaultChunkByteCount;

    /// <summary>Called after each chunk with the number of its bytes, from any thread; null if progress is not shown.</summary>
    public IReadProgress? Progress { get; init; }
}
