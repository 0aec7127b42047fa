using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>The result of <see cref="NativeMemoryOwner{T}.Retain()"/>: a pin, and a <see cref="Memory{T}"/> that is valid while the pin lasts.</summary>
/// <remarks>It has no finalizer, because a span of it may still be in use. If it is not disposed, it keeps its memory, as a pin does.</remarks>
[SuppressMessage("Design", "CA1063", Justification = "Nothing to derive from, and no finalizer.")]
[SuppressMessage("Usage", "CA1816", Justification = "There is no finalizer to suppress.")]
internal sealed class RetainedMemory<T> : MemoryManager<T>, IMemoryOwner<T>
    where T : unmanaged
{
    private readonly Pin _pin;
    private readonly nint _start;
    private readonly int _length;

    /// <safety>There are <paramref name="length"/> elements at <paramref name="start"/> until the pin ends.</safety>
    public unsafe RetainedMemory(Pin pin, T* start, int length)
    {
        _pin = pin;
        _start = (nint)start;
        _length = length;
    }

    public override Memory<T> Memory
    {
        get
        {
            ThrowIfOver();
            return CreateMemory(_length);
        }
    }

    public override Span<T> GetSpan()
    {
        ThrowIfOver();
        unsafe
        {
            // SAFETY: the pin has not ended, so there are _length elements at _start. The user of the span disposes this afterwards.
            return Block.View<T>((void*)_start, _length);
        }
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, _length);
        Pin second = _pin.TryBeginAnother() ?? throw Ended();
        GC.KeepAlive(this);
        unsafe
        {
            // SAFETY: the second pin keeps the elements until it ends, and the index is inside or at the end.
            return new MemoryHandle((T*)_start + elementIndex, default, second);
        }
    }

    /// <summary>Does nothing: each pin ends by its own handle.</summary>
    public override void Unpin()
    {
    }

    public void Dispose() => _pin.Unpin();

    protected override void Dispose(bool disposing) => Dispose();

    private void ThrowIfOver()
    {
        if (_pin.HasEnded)
        {
            throw Ended();
        }
    }

    private static ObjectDisposedException Ended() => ThrowHelper.Ended($"{nameof(IMemoryOwner<>)}<{typeof(T).Name}>");
}
