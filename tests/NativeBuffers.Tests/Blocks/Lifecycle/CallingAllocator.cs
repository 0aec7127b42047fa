using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>Calls the program in the middle of each resize.</summary>
internal sealed class CallingAllocator(Action during) : NativeAllocator("Calling")
{
    private int _liveBlocks;

    public int LiveBlocks => Volatile.Read(ref _liveBlocks);

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        Interlocked.Increment(ref _liveBlocks);
        return zeroed ? NativeMemory.AllocZeroed(byteCount) : NativeMemory.Alloc(byteCount);
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        during();
        void* resized = NativeMemory.Realloc(block, newByteCount);
        new Span<byte>((byte*)resized + oldByteCount, (int)(newByteCount - nuint.Min(oldByteCount, newByteCount))).Clear();
        return resized;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        Interlocked.Decrement(ref _liveBlocks);
        NativeMemory.Free(block);
    }
}
