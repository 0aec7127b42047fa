using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Collections;

/// <summary>Has no memory from some allocation on, or for blocks above some size; knows what it has given out.</summary>
/// <remarks>What is freed is overwritten first.</remarks>
public sealed class RefusingAllocator() : NativeAllocator("Refusing")
{
    private long _liveBytes;

    /// <summary>The largest block to be had, in bytes.</summary>
    public nuint Largest { get; set; } = 1 << 30;

    /// <summary>How many more blocks are to be had.</summary>
    public int Left { get; set; } = int.MaxValue;

    /// <summary>How often it said no.</summary>
    public int Refusals { get; private set; }

    public long LiveBytes => Volatile.Read(ref _liveBytes);

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (byteCount > Largest || Left == 0)
        {
            Refusals++;
            return null;
        }

        Left--;
        void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
        new Span<byte>(block, (int)byteCount).Fill(zeroed ? (byte)0 : (byte)0xCC);
        Interlocked.Add(ref _liveBytes, (long)byteCount);
        return block;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        new Span<byte>(block, (int)byteCount).Fill(0xDD);
        NativeMemory.AlignedFree(block);
        Interlocked.Add(ref _liveBytes, -(long)byteCount);
    }
}
