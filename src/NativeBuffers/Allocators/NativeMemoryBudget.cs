namespace NativeBuffers;

/// <summary>An allocator that gives no more than a number of bytes at a time.</summary>
public sealed class NativeMemoryBudget : NativeAllocator
{
    private readonly NativeAllocator _inner;

    internal NativeMemoryBudget(NativeAllocator inner, long limit)
        : base($"Limit({inner.Name})")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        _inner = inner;
        Limit = limit;
    }

    /// <summary>The most that may be in use at a time, in bytes.</summary>
    public long Limit { get; }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        _inner.Obtain(byteCount, alignment, zeroed);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        _inner.GiveBack(block, byteCount, alignment);
}
