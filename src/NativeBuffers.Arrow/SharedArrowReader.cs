using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace NativeBuffers.Arrow;

/// <summary>Reads the record batches that another process writes into a shared memory (<see cref="SharedArrowWriter"/>), where they lie.</summary>
/// <remarks>
/// The arrays are views of the shared memory. They, and their spans, must not be used after <see cref="Dispose"/>. All members may be called from
/// all threads.
/// </remarks>
/// <example>
/// <code>
/// using var reader = new SharedArrowReader("prices");
/// while (reader.ReadNext() is { } batch)
/// {
///     Console.WriteLine(((Int64Array)batch.Column(0)).GetValue(0));
/// }
/// </code>
/// </example>
public sealed class SharedArrowReader : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SharedMapping _mapping;
    private readonly ArrowStreamReader _reader;
    private long _readCount;

    /// <summary>Opens the shared memory of a writer.</summary>
    /// <param name="name">The memory's name.</param>
    /// <exception cref="InvalidDataException">The memory is not of a <see cref="SharedArrowWriter"/>, or the writer is creating it.</exception>
    /// <inheritdoc cref="SharedMemory{T}.Open(string)" path="/exception"/>
    public SharedArrowReader(string name)
    {
        _mapping = new SharedMapping(SharedMemory<byte>.Open(name));
        if (!SharedLayout.IsSigned(_mapping.GetSpan()))
        {
            _mapping.Dispose();
            throw new InvalidDataException($"The shared memory '{name}' has no record batches: open it after its SharedArrowWriter has created it.");
        }

        try
        {
            _reader = new ArrowStreamReader(_mapping.Memory[SharedLayout.StreamStart..]);
            Schema = _reader.Schema;
        }
        catch
        {
            _mapping.Dispose();
            throw;
        }
    }

    /// <summary>The columns of all batches.</summary>
    public Schema Schema { get; }

    /// <summary>The next batch; null if the writer has written no more yet.</summary>
    /// <returns>Arrays over the shared memory: nothing is copied.</returns>
    /// <exception cref="ObjectDisposedException">The reader was disposed.</exception>
    public RecordBatch? ReadNext()
    {
        lock (_lock)
        {
            if (_readCount == Volatile.Read(ref SharedLayout.BatchCount(_mapping.GetSpan())))
            {
                return null;
            }

            _readCount++;
            return _reader.ReadNextRecordBatch();
        }
    }

    /// <summary>Leaves the memory: now, or when the last pin of an array's memory ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _reader.Dispose();
            _mapping.Dispose();
        }
    }
}
