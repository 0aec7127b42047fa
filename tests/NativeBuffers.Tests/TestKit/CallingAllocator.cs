using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Calls the program before it allocates, in the middle of each resize, and before it frees.</summary>
internal sealed class CallingAllocator(Action? duringResize = null, Action? beforeAllocate = null, Action? beforeFree = null) : NativeAllocator("Calling")
{
    private int _allocations;
    private int _frees;

    public int LiveBlocks => Volatile.Read(ref _allocations) - Volatile.Read(ref _frees);

    /// <summary>Counted after the free.</summary>
    public int Frees => Volatile.Read(ref _frees);

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        beforeAllocate?.Invoke();
        void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
        if (zeroed)
        {
            NativeMemory.Clear(block, byteCount);
        }

        Interlocked.Increment(ref _allocations);
        return block;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        duringResize?.Invoke();
        void* resized = NativeMemory.AlignedRealloc(block, nuint.Max(newByteCount, 1), alignment);
        if (newByteCount > oldByteCount)
        {
            NativeMemory.Clear((byte*)resized + oldByteCount, newByteCount - oldByteCount);
        }

        return resized;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        beforeFree?.Invoke();
        NativeMemory.AlignedFree(block);
        Interlocked.Increment(ref _frees);
    }
}
