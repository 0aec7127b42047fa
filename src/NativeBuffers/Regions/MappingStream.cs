using NativeBuffers.Lifetimes;

namespace NativeBuffers;

/// <summary>The platform's stream over memory, which ends its pin when it is disposed.</summary>
/// <remarks>The base class leaves the handle to its user. One that was forgotten is ended by the handle's finalizer.</remarks>
internal sealed class MappingStream : UnmanagedMemoryStream
{
    private readonly PinnedBytesHandle _bytes;

    /// <param name="bytes">Disposed with the stream.</param>
    /// <param name="access">To read, or to read and write.</param>
    public MappingStream(PinnedBytesHandle bytes, FileAccess access)
        : base(bytes, 0, (long)bytes.ByteLength, access) => _bytes = bytes;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _bytes.Dispose();
        }
    }
}
