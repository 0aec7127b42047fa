using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Regions;

/// <summary>The platform's stream over memory, which ends its pin when it is disposed.</summary>
/// <remarks>The base class leaves the handle to its user. One that was forgotten is ended by the handle's finalizer.</remarks>
internal sealed class MappingStream : UnmanagedMemoryStream
{
    private readonly PinnedBytesHandle _bytes;

    /// <param name="bytes">Disposed with the stream.</param>
    /// <param name="access">To read, or to read and write.</param>
    public MappingStream(PinnedBytesHandle bytes, FileAccess access)
        : base(bytes, 0, (long)bytes.ByteLength, access) => _bytes = bytes;

    /// <summary>All elements of a ownedBlock, pinned until the stream is disposed; null when it is over.</summary>
    public static MappingStream? TryOpen(ref OwnedBlock ownedBlock, int elementSize, FileAccess access)
    {
        Pin? pin = ownedBlock.TryPin(out nint start, out long length, isLast: false);
        if (pin is null)
        {
            return null;
        }

        try
        {
            unsafe
            {
                // SAFETY: the elements are pinned, and stay as many as they are, until the pin ends.
                return new MappingStream(new PinnedBytesHandle(pin, (void*)start, (nuint)length * (nuint)elementSize), access);
            }
        }
        catch
        {
            pin.Unpin();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _bytes.Dispose();
        }
    }
}
