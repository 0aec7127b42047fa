using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A user's own allocator that returns the addresses a test sets, and counts the blocks it gets back.</summary>
internal sealed class HostileAllocator() : NativeAllocator("Hostile")
{
    private readonly Dictionary<nint, nint> _live = [];

    public int LiveBlocks => _live.Count;

    public int Mistakes { get; private set; }

    public nint AllocateOffset { get; set; }

    public nint ResizeOffset { get; set; }

    /// <summary>Allocation returns this address instead of a block.</summary>
    public nint? AllocateResult { get; set; }

    /// <summary>Whether it throws for misaligned blocks, and does not free them.</summary>
    public bool RefusesMisaligned { get; set; }

    /// <summary>Whether it resizes by itself; the base class otherwise.</summary>
    public bool ResizesItself { get; set; }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        AllocateResult is { } result ? (void*)result : Take(byteCount, AllocateOffset);

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        if (!ResizesItself)
        {
            return base.ResizeCore(block, oldByteCount, newByteCount, alignment);
        }

        void* moved = Take(newByteCount, ResizeOffset);
        NativeMemory.Copy(block, moved, nuint.Min(oldByteCount, newByteCount));
        FreeCore(block, oldByteCount, alignment);
        return moved;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (RefusesMisaligned && (nint)block % 16 != 0)
        {
            throw new InvalidOperationException("A block with a wrong alignment is no block.");
        }

        if (_live.Remove((nint)block, out nint outer))
        {
            NativeMemory.AlignedFree((void*)outer);
        }
        else
        {
            Mistakes++;
        }
    }

    private unsafe void* Take(nuint byteCount, nint offset)
    {
        byte* outer = (byte*)NativeMemory.AlignedAlloc(byteCount + 64, 64);
        NativeMemory.Clear(outer, byteCount + 64);
        _live[(nint)(outer + offset)] = (nint)outer;
        return outer + offset;
    }
}
