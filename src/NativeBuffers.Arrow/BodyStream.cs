using System.Buffers.Binary;

namespace NativeBuffers.Arrow;

/// <summary>Takes one message of Arrow's writer: keeps its metadata, and hands each buffer of its body on, without a copy.</summary>
/// <param name="onBuffer">Gets the distance of bytes from the start of the body, and the bytes.</param>
internal sealed class BodyStream(BodyStream.BufferWritten onBuffer) : Stream
{
    private readonly MemoryStream _message = new();
    private long _bodyPosition;

    /// <summary>Gets a part of a body at its place: a buffer, or padding.</summary>
    public delegate void BufferWritten(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>The message without its body: two words and the metadata.</summary>
    public Span<byte> Message => _message.GetBuffer().AsSpan(0, (int)_message.Length);

    /// <summary>The metadata of the message.</summary>
    public Span<byte> Metadata => Message[SharedLayout.PrefixSize..];

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The bytes that the message still lacks before its body.</summary>
    private int Missing => _message.Length < SharedLayout.PrefixSize
        ? SharedLayout.PrefixSize - (int)_message.Length
        : SharedLayout.PrefixSize + BinaryPrimitives.ReadInt32LittleEndian(Message[sizeof(int)..]) - (int)_message.Length;

    /// <summary>Begins another message.</summary>
    public void Clear()
    {
        _message.SetLength(0);
        _bodyPosition = 0;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty && Missing > 0)
        {
            int count = int.Min(Missing, buffer.Length);
            _message.Write(buffer[..count]);
            buffer = buffer[count..];
        }

        if (!buffer.IsEmpty)
        {
            onBuffer(_bodyPosition, buffer);
            _bodyPosition += buffer.Length;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _message.Dispose();
        base.Dispose(disposing);
    }
}
