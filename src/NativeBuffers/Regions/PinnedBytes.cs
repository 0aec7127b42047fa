using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>The bytes of pinned memory of any type and length, part by part as <see cref="Memory{T}"/>.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Its pin is ended by whoever has it.")]
internal sealed class PinnedBytes
{
    private readonly Pin _pin;
    private readonly nint _start;

    /// <safety>While the pin lasts, there are so many bytes.</safety>
    public unsafe PinnedBytes(Pin pin, void* start, long byteCount)
    {
        _pin = pin;
        _start = (nint)start;
        ByteCount = byteCount;
    }

    /// <summary>In bytes.</summary>
    public long ByteCount { get; }

    /// <summary>Some of the bytes, which are inside. Good until the pin ends.</summary>
    public Memory<byte> Slice(long start, int byteCount) => new Part(this, start, byteCount).Memory;

    /// <summary>Ends the pin.</summary>
    public void Unpin() => _pin.Unpin();

    /// <remarks>Pins nothing more: it is used only while its whole is pinned.</remarks>
    [SuppressMessage("Design", "CA1063", Justification = "Nothing to dispose.")]
    private sealed class Part(PinnedBytes whole, long start, int byteCount) : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(byteCount);

        public override Span<byte> GetSpan()
        {
            unsafe
            {
                // SAFETY: the part is inside the whole, which is pinned.
                return Block.View<byte>((byte*)whole._start + start, byteCount);
            }
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)byteCount, nameof(elementIndex));
            unsafe
            {
                // SAFETY: the part is inside the whole, which is pinned.
                return new MemoryHandle((byte*)whole._start + start + elementIndex);
            }
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
