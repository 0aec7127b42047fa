namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>A user's own allocator, which counts, and refuses when told to.</summary>
internal sealed class CountingAllocator() : NativeAllocator("Counting")
{
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
        return Malloc.TryAllocate(byteCount, alignment, zeroed);
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        Frees++;
        Malloc.Free(block, byteCount, alignment);
    }
}
