using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>The least that a user's own allocator must do. It counts its live blocks.</summary>
public sealed class CustomAllocator() : NativeAllocator("Custom")
{
    private long _liveBlocks;

    public long LiveBlocks => Volatile.Read(ref _liveBlocks);

    /// <summary>The next allocation throws this exception.</summary>
    public Exception? Thrown { get; set; }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (Thrown is not null)
        {
            throw Thrown;
        }

        try
        {
            void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
            if (zeroed)
            {
                NativeMemory.Clear(block, byteCount);
            }

            Interlocked.Increment(ref _liveBlocks);
            return block;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        NativeMemory.AlignedFree(block);
        Interlocked.Decrement(ref _liveBlocks);
    }
}
