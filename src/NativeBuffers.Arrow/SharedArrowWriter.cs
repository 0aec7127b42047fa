using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Memory;

namespace NativeBuffers.Arrow;

/// <summary>Record batches in a shared memory, in Arrow's IPC format: another process reads them where they lie.</summary>
/// <remarks>
/// <para>Build the arrays of a batch with <see cref="Allocator"/>, and pass the batch to <see cref="Write"/>: it writes metadata alone, because the elements
/// are in the shared memory already. Build the arrays of the next batch after that. Other arrays are copied, and counted
/// (<see cref="CopiedByteCount"/>).</para>
/// <para>The disposal of an array frees nothing: the memory is filled from its start to its end. Do not change elements after
/// <see cref="Write"/>. Arrays and their spans must not be used after <see cref="Dispose"/>. All members may be called from all threads.</para>
/// </remarks>
/// <example>
/// <code>
/// using var writer = new SharedArrowWriter("prices", 1 &lt;&lt; 20, schema);
/// Int64Array prices = new Int64Array.Builder().AppendRange([101, 99, 100]).Build(writer.Allocator);
/// writer.Write(new RecordBatch(schema, [prices], prices.Length));
/// </code>
/// </example>
public sealed class SharedArrowWriter : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SharedMapping _mapping;
    private readonly BodyStream _stream;
    private readonly ArrowStreamWriter _writer;
    private readonly string _types;
    private readonly int _roomForMetadata;
    private int _bodyStart;
    private int _next;
    private int _buffer;

    /// <summary>Creates the shared memory, for batches of one schema.</summary>
    /// <param name="name">The memory's name, as <see cref="SharedMemory{T}.Create(string, long)"/> takes it.</param>
    /// <param name="byteCount">The size of the memory, for all batches.</param>
    /// <param name="schema">The columns. Dictionaries and views are not supported.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> has no room for the schema.</exception>
    /// <exception cref="NotSupportedException">The schema has a dictionary or a view.</exception>
    /// <inheritdoc cref="SharedMemory{T}.Create(string, long)" path="/exception"/>
    public SharedArrowWriter(string name, int byteCount, Schema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _types = SharedLayout.TypesOf(schema);
        _roomForMetadata = SharedLayout.RoomForMetadata(schema);
        _stream = new BodyStream(OnBuffer);
        _writer = new ArrowStreamWriter(_stream, schema, leaveOpen: true);
        _writer.WriteStart();
        int start = SharedLayout.Align(SharedLayout.StreamStart + _stream.Message.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(byteCount, start + _roomForMetadata);
        Allocator = new SharedArrowAllocator(this);
        _mapping = new SharedMapping(SharedMemory<byte>.Create(name, byteCount));
        WriteMessage(SharedLayout.StreamStart, start);
        BeginBatch(start);
        SharedLayout.Sign(_mapping.GetSpan());
    }

    /// <summary>Gives Arrow's builders memory inside the shared memory.</summary>
    /// <remarks>It throws <see cref="OutOfMemoryException"/> if the shared memory is full.</remarks>
    public MemoryAllocator Allocator { get; }

    /// <summary>The bytes of arrays that <see cref="Write"/> had to copy, because <see cref="Allocator"/> had not made them for this batch.</summary>
    public long CopiedByteCount { get; private set; }

    /// <summary>The bytes that no array and no batch has taken.</summary>
    /// <exception cref="ObjectDisposedException">The writer was disposed.</exception>
    public int FreeByteCount => int.Max(0, _mapping.GetSpan().Length - _next);

    /// <summary>Writes the metadata of a batch, and lets other processes read the batch.</summary>
    /// <param name="batch">Columns of the writer's schema. It stays the caller's.</param>
    /// <exception cref="ArgumentException">The columns have other types than those of the writer's schema.</exception>
    /// <exception cref="InvalidOperationException">The metadata of the batch is larger than its room.</exception>
    /// <exception cref="ObjectDisposedException">The writer was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The shared memory has no room for the batch, which is not written.</exception>
    public void Write(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowIfOther(batch);
        lock (_lock)
        {
            Span<byte> memory = _mapping.GetSpan();
            if (_bodyStart > memory.Length)
            {
                throw Full(_roomForMetadata);
            }

            _stream.Clear();
            _buffer = 0;
            _writer.WriteRecordBatch(batch);

            // Without a body the metadata is padded up to the next batch. So it passes memory that was taken and is in no batch.
            bool hasBody = new BatchMetadata(_stream.Metadata).TrySetBodyLength(_next - _bodyStart);
            WriteMessage(_bodyStart - _roomForMetadata, hasBody ? _bodyStart : _next);
            BeginBatch(_next);
            Interlocked.Increment(ref SharedLayout.BatchCount(memory));
        }
    }

    /// <summary>Leaves the memory. Its name goes with the last process that has it open.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _mapping.Dispose();
            _writer.Dispose();
            _stream.Dispose();
        }
    }

    /// <summary>Throws if the reader would read the columns as other types.</summary>
    private void ThrowIfOther(RecordBatch batch)
    {
        string types = SharedLayout.TypesOf(batch);
        if (types != _types)
        {
            throw new ArgumentException($"The batch has columns of {types}; the writer was created for {_types}.", nameof(batch));
        }
    }

    [SuppressMessage("Usage", "CA2201", Justification = "The memory that Arrow asks for is exhausted.")]
    private static OutOfMemoryException Full(int byteCount) =>
        new($"The shared memory has no room for {byteCount:N0} bytes more: create it with a larger byteCount.");

    /// <summary>A block of zeros in the body of the present batch.</summary>
    /// <exception cref="OutOfMemoryException">The shared memory is full.</exception>
    internal ArrowBlock Allocate(int length)
    {
        lock (_lock)
        {
            return new ArrowBlock(_mapping.Memory.Slice(Take(length), length));
        }
    }

    /// <summary>The place of new bytes in the body of the present batch. Nothing has written there, so they are zero.</summary>
    private int Take(int length)
    {
        int place = _next;
        if (length > FreeByteCount)
        {
            throw Full(length);
        }

        _next = SharedLayout.Align(place + length);
        return place;
    }

    /// <summary>Notes the place of the batch's next buffer. If the buffer is not inside the body, or not at a multiple of 8, it is copied.</summary>
    private void OnBuffer(long offset, ReadOnlySpan<byte> bytes)
    {
        var metadata = new BatchMetadata(_stream.Metadata);
        while (_buffer < metadata.Count && metadata.LengthOf(_buffer) == 0)
        {
            _buffer++;
        }

        if (_buffer == metadata.Count || metadata.OffsetOf(_buffer) != offset || metadata.LengthOf(_buffer) != bytes.Length)
        {
            return; // Padding.
        }

        int? place = _mapping.PlaceOf(bytes) - _bodyStart;
        if (place is null or < 0 || place % SharedLayout.BufferAlignment != 0)
        {
            place = Take(bytes.Length) - _bodyStart;
            bytes.CopyTo(_mapping.GetSpan()[(_bodyStart + place.Value)..]);
            CopiedByteCount += bytes.Length;
        }

        metadata.SetOffset(_buffer++, place.Value);
    }

    /// <summary>Writes the message that the stream has, without its body, from a place to the start of the body.</summary>
    private void WriteMessage(int start, int bodyStart)
    {
        Span<byte> room = _mapping.GetSpan()[start..bodyStart];
        if (_stream.Message.Length > room.Length)
        {
            throw new InvalidOperationException($"The metadata has {_stream.Message.Length:N0} bytes, and there is room for {room.Length:N0}: use fewer columns.");
        }

        _stream.Message.CopyTo(room);
        BinaryPrimitives.WriteInt32LittleEndian(room[sizeof(int)..], room.Length - SharedLayout.PrefixSize);
    }

    private void BeginBatch(int start)
    {
        _bodyStart = int.CreateSaturating((long)start + _roomForMetadata);
        _next = _bodyStart;
    }
}
