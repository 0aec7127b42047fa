using System.Buffers;

namespace NativeBuffers.Buffers;

/// <summary>Part of an owner's elements for a <see cref="Memory{T}"/> that begins too far for an <see cref="int"/>, or must know its own end.</summary>
internal sealed class OwnerWindow<T>(NativeMemoryOwner<T> owner, long start, int length) : MemoryManager<T>
    where T : unmanaged
{
    public override Memory<T> Memory => CreateMemory(length);

    public override Span<T> GetSpan() => owner.GetSpan(start, length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return owner.PinAt(start + elementIndex, length - elementIndex, out _);
    }

    public override void Unpin() => owner.Unpin();

    protected override bool TryGetArray(out ArraySegment<T> segment) => owner.TryGetArray(start, length, out segment);

    /// <summary>Does nothing: the memory belongs to the owner.</summary>
    protected override void Dispose(bool disposing)
    {
    }
}
