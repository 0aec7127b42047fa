using Microsoft.Win32.SafeHandles;

namespace OneBillionRows.Challenge;

/// <summary>The file, handed out chunk by chunk in the order of the file, and the first malformed line that was seen.</summary>
/// <remarks>
/// Because chunks go out in order and a taken chunk is always finished, the lowest malformed line that the workers
/// report is the first of the file, whichever of them was faster.
/// </remarks>
public sealed class ChunkedFile : IDisposable
{
    private readonly SolveOptions _options;
    private readonly SafeFileHandle _file;
    private long _takenCount;
    private long _malformedOffset = long.MaxValue;
    private volatile bool _stopped;

    /// <summary>Opens the file, which its reader has mapped.</summary>
    /// <exception cref="IOException">Its length differs from that of the mapping.</exception>
    public ChunkedFile(string path, SolveOptions options, long mappedLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ChunkByteCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WorkerCount, 1);
        _options = options;
        _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        FileLength = mappedLength;
        if (RandomAccess.GetLength(_file) != mappedLength)
        {
            _file.Dispose();
            throw new IOException($"{path} changed while it was opened");
        }
    }

    /// <summary>The file's length when it was mapped.</summary>
    public long FileLength { get; }

    /// <summary>The next chunk; false when there is none, or none is worth reading any more.</summary>
    public bool TryTake(out FileChunk chunk)
    {
        // Look before taking: a chunk that is taken must be read, or an earlier malformed line could be missed.
        long start = _stopped ? FileLength : (Interlocked.Increment(ref _takenCount) - 1) * _options.ChunkByteCount;
        chunk = new FileChunk(start, (int)Math.Clamp(FileLength - start, 0, _options.ChunkByteCount));
        return chunk.Length > 0;
    }

    /// <summary>Fills the destination from this offset on.</summary>
    /// <exception cref="IOException">The file ends before.</exception>
    public void Read(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int readCount = RandomAccess.Read(_file, destination, offset);
            if (readCount == 0)
                throw new IOException("the file became shorter while it was read");
            destination = destination[readCount..];
            offset += readCount;
        }
    }

    /// <summary>A worker is done with this chunk.</summary>
    public void Complete(FileChunk chunk) => _options.Progress?.Add(chunk.Length);

    /// <summary>No more chunks: a worker failed.</summary>
    public void Stop() => _stopped = true;

    /// <summary>The line that begins at this offset is malformed.</summary>
    public void ReportMalformed(long lineOffset)
    {
        _stopped = true;
        long seen = Volatile.Read(ref _malformedOffset);
        while (lineOffset < seen)
        {
            seen = Interlocked.CompareExchange(ref _malformedOffset, lineOffset, seen) is var other && other == seen
                ? lineOffset
                : other;
        }
    }

    /// <summary>Throws for the first malformed line, if there was one. Called when all workers have ended.</summary>
    public void ThrowIfMalformed()
    {
        if (_malformedOffset != long.MaxValue)
            throw MalformedLine.At(this, _malformedOffset);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
