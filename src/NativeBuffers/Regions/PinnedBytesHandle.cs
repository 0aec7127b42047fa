using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Regions;

/// <summary>Pinned memory as the platform's streams want it: the pin ends when the handle is released.</summary>
internal sealed class PinnedBytesHandle : SafeBuffer
{
    private readonly Pin _pin;

    /// <safety>While the pin lasts, there are so many bytes.</safety>
    public unsafe PinnedBytesHandle(Pin pin, void* start, nuint byteCount)
        : base(ownsHandle: true)
    {
        _pin = pin;
        SetHandle((nint)start);
        Initialize(byteCount);
    }

    protected override bool ReleaseHandle()
    {
        _pin.Unpin();
        return true;
    }
}
