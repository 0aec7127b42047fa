using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Buffers;

/// <summary>
/// Part of an owner's elements that a <see cref="Memory{T}"/> of the owner itself cannot express: its start would not fit, or it
/// must know how far it reaches.
/// </summary>
internal sealed class OwnerWindow<T>(NativeMemoryOwner<T> owner, long start, int length) : MemoryManager<T>
    where T : unmanaged
{
    public override Memory<T> Memory => CreateMemory(length);

    public override Span<T> GetSpan() => owner.GetSpan(start, length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return owner.PinAt(start + elementIndex, length - elementIndex);
    }

    public override void Unpin() => owner.Unpin();

    /// <summary>Does nothing: the owner owns.</summary>
    protected override void Dispose(bool disposing)
    {
    }
}
