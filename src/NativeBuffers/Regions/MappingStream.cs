using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Regions;

/// <summary>The platform's stream over memory, which ends its pin when it is disposed.</summary>
/// <remarks>The base class does not dispose its handle. If the stream is not disposed, the handle's finalizer ends the pin.</remarks>
internal sealed class MappingStream : UnmanagedMemoryStream
{
    private readonly PinnedHandle _bytes;

    private MappingStream(PinnedHandle bytes, FileAccess access)
        : base(bytes, 0, (long)bytes.ByteLength, access) => _bytes = bytes;

    /// <summary>Pins all elements until the stream is disposed; null if the owner was disposed.</summary>
    public static MappingStream? TryOpen(ref OwnedBlock ownedBlock, int elementSize, FileAccess access)
    {
        Pin? pin = ownedBlock.TryPin(out nint start, out long length, isLast: false);
        if (pin is null)
        {
            return null;
        }

        try
        {
            return new MappingStream(new PinnedHandle(pin, start, (nuint)length * (nuint)elementSize), access);
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

    /// <summary>Pinned memory as the base class takes it. Its release ends the pin.</summary>
    private sealed class PinnedHandle : SafeBuffer
    {
        private readonly Pin _pin;

        public PinnedHandle(Pin pin, nint start, nuint byteCount)
            : base(ownsHandle: true)
        {
            _pin = pin;
            SetHandle(start);
            Initialize(byteCount);
        }

        protected override bool ReleaseHandle()
        {
            _pin.Unpin();
            return true;
        }
    }
}
