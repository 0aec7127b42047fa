using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Handles;

/// <summary>Knows its blocks and their sizes, and counts the frees that name no block of its, or another size.</summary>
public sealed class StrictAllocator() : NativeAllocator("Strict")
{
    private readonly ConcurrentDictionary<nint, (nuint ByteCount, nuint Alignment)> _blocks = new();
    private int _mistakes;

    public int LiveBlocks => _blocks.Count;

    public int Mistakes => Volatile.Read(ref _mistakes);

    /// <summary>What the next allocation throws instead.</summary>
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

            Count(_blocks.TryAdd((nint)block, (byteCount, alignment)));
            return block;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        // First from the list: freed, its address may be another thread's new block at once.
        bool isKnown = _blocks.TryRemove((nint)block, out (nuint, nuint) size);
        Count(isKnown && size == (byteCount, alignment));
        if (isKnown)
        {
            NativeMemory.AlignedFree(block);
        }
    }

    private void Count(bool isRight)
    {
        if (!isRight)
        {
            Interlocked.Increment(ref _mistakes);
        }
    }
}
