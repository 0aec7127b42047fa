namespace NativeBuffers.Tests.TestKit;

/// <summary>A user's own allocator, which counts, and refuses when told to.</summary>
internal sealed class CountingAllocator(NativeAllocator? inner = null) : NativeAllocator("Counting")
{
    private readonly NativeAllocator _inner = inner ?? Malloc;

    public bool Refuses { get; set; }

    public int Allocations { get; private set; }

    public int Frees { get; private set; }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (Refuses)
        {
            return null;
        }

        Allocations++;
        return _inner.TryAllocate(byteCount, alignment, zeroed);
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        Frees++;
        _inner.Free(block, byteCount, alignment);
    }
}
