using System.Buffers.Binary;

namespace NativeBuffers.Arrow;

/// <summary>The metadata of a record batch in Arrow's IPC format, a FlatBuffer: finds the places of the batch's buffers, and changes them.</summary>
/// <remarks>
/// A table begins with the distance to its list of fields. Each entry of the list is the distance from the table to a field. The structures are
/// those of Arrow's <c>Message.fbs</c>: message {version, kind, header, body length}, batch {length, nodes, buffers}, buffer {offset, length}.
/// </remarks>
internal readonly ref struct BatchMetadata
{
    private const int HeaderField = 2;
    private const int BodyLengthField = 3;
    private const int BuffersField = 2;
    private const int BufferSize = 2 * sizeof(long);

    private readonly Span<byte> _bytes;
    private readonly int _firstBuffer;
    private readonly int _bodyLength;

    /// <param name="bytes">The metadata, without the two words before it.</param>
    public BatchMetadata(Span<byte> bytes)
    {
        _bytes = bytes;
        int message = Follow(0);
        _bodyLength = FieldOf(message, BodyLengthField);
        int batch = Follow(FieldOf(message, HeaderField));
        int buffers = Follow(FieldOf(batch, BuffersField));
        Count = BinaryPrimitives.ReadInt32LittleEndian(bytes[buffers..]);
        _firstBuffer = buffers + sizeof(int);
    }

    /// <summary>The number of buffers.</summary>
    public int Count { get; }

    /// <summary>The length of a buffer in bytes.</summary>
    public long LengthOf(int buffer) => BinaryPrimitives.ReadInt64LittleEndian(_bytes[(_firstBuffer + (buffer * BufferSize) + sizeof(long))..]);

    /// <summary>The distance of a buffer from the start of the body.</summary>
    public long OffsetOf(int buffer) => BinaryPrimitives.ReadInt64LittleEndian(_bytes[(_firstBuffer + (buffer * BufferSize))..]);

    public void SetOffset(int buffer, long offset) =>
        BinaryPrimitives.WriteInt64LittleEndian(_bytes[(_firstBuffer + (buffer * BufferSize))..], offset);

    /// <summary>Sets the length of the body; false if the message has no place for it, because its body is empty.</summary>
    public bool TrySetBodyLength(long byteCount)
    {
        if (_bodyLength == 0)
        {
            return false;
        }

        BinaryPrimitives.WriteInt64LittleEndian(_bytes[_bodyLength..], byteCount);
        return true;
    }

    /// <summary>The place to which the distance at a place leads.</summary>
    private int Follow(int place) => place + BinaryPrimitives.ReadInt32LittleEndian(_bytes[place..]);

    /// <summary>The place of a table's field; 0 if the table leaves it out.</summary>
    private int FieldOf(int table, int field)
    {
        int list = table - BinaryPrimitives.ReadInt32LittleEndian(_bytes[table..]);
        int entry = (2 + field) * sizeof(ushort);
        int distance = entry < BinaryPrimitives.ReadUInt16LittleEndian(_bytes[list..]) ? BinaryPrimitives.ReadUInt16LittleEndian(_bytes[(list + entry)..]) : 0;
        return distance == 0 ? 0 : table + distance;
    }
}
