using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Counts live bytes exactly: adds them before it allocates, and subtracts them after it frees.</summary>
internal sealed class WitnessAllocator() : NativeAllocator("Witness")
{
    private readonly Lock _gate = new();

    public long Live { get; private set; }

    public long Peak { get; private set; }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        Count((long)byteCount);
        return NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        Count((long)newByteCount - (long)oldByteCount);
        return NativeMemory.AlignedRealloc(block, nuint.Max(newByteCount, 1), alignment);
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        NativeMemory.AlignedFree(block);
        Count(-(long)byteCount);
    }

    private void Count(long byteCount)
    {
        using (_gate.EnterScope())
        {
            Live += byteCount;
            Peak = long.Max(Peak, Live);
        }
    }
}
