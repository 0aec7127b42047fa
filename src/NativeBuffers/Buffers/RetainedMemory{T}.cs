using System.Buffers;
using NativeBuffers.Blocks.Handles;
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
    private readonly OwnerArray<T> _array;

    /// <safety>There are <paramref name="length"/> elements at <paramref name="start"/> until the pin ends. The array begins there, too.</safety>
    private unsafe RetainedMemory(Pin pin, T* start, int length, OwnerArray<T> array)
    {
        _pin = pin;
        _start = (nint)start;
        _length = length;
        _array = array;
    }

    public override Memory<T> Memory
    {
        get
        {
            ThrowIfOver();
            return _array.IsOwn ? _array.Memory(_length) : CreateMemory(_length);
        }
    }

    /// <summary>Pins an owner's block for part of its elements, or all; null after the end.</summary>
    /// <param name="block">The owner's block, with elements of this type.</param>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements; null for all.</param>
    /// <param name="hasArrays">Whether the block may be a part of an array.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="InvalidOperationException">There are too many elements, or too many pins go on.</exception>
    public static RetainedMemory<T>? TryOf(ref OwnedBlock block, long start, int? length, bool hasArrays)
    {
        if (block.TryPin(out nint first, out long available, isLast: false) is not { } pin)
        {
            return null;
        }

        try
        {
            int count = length ?? (available <= int.MaxValue ? (int)available : throw ThrowHelper.TooLongForMemory(available));
            Layout.ThrowIfOutside(start, count, available);
            unsafe
            {
                // SAFETY: the pin keeps the first element and the length, and the range is inside.
                OwnerArray<T> array = hasArrays ? OwnerArray<T>.Of(block.Slot) : default;
                return new RetainedMemory<T>(pin, (T*)first + start, count, array.From(start));
            }
        }
        catch
        {
            pin.Unpin();
            throw;
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

    protected override bool TryGetArray(out ArraySegment<T> segment)
    {
        segment = default;
        return !_pin.HasEnded && _array.TrySegment(_length, out segment);
    }

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
