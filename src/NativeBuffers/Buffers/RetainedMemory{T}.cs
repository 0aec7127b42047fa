using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>Memory that is kept for code which must not be stopped: what <see cref="NativeMemoryOwner{T}.Retain()"/> gives.</summary>
/// <remarks>
/// A pin, and a <see cref="Memory{T}"/> of its own whose span is there as long as the pin is. No finalizer: a span of it
/// might still be in use. One that was forgotten keeps its memory, as a pin does.
/// </remarks>
[SuppressMessage("Design", "CA1063", Justification = "Nothing to derive from, and no finalizer.")]
[SuppressMessage("Usage", "CA1816", Justification = "There is no finalizer to suppress.")]
internal sealed class RetainedMemory<T> : MemoryManager<T>, IMemoryOwner<T>
    where T : unmanaged
{
    private readonly Pin _pin;
    private readonly nint _start;
    private readonly int _length;

    /// <safety>While the pin lasts, there are so many elements.</safety>
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
            // SAFETY: the constructor's caller promised.
            return Block.View<T>((void*)_start, _length);
        }
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, _length);
        Pin another = _pin.TryBeginAnother() ?? throw Over();
        GC.KeepAlive(this);
        unsafe
        {
            // SAFETY: the index is inside or at the end, and the other pin has begun.
            return new MemoryHandle((T*)_start + elementIndex, default, another);
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
            throw Over();
        }
    }

    private static ObjectDisposedException Over() => ThrowHelper.Ended($"{nameof(IMemoryOwner<>)}<{typeof(T).Name}>");
}
