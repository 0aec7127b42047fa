using System.Runtime.InteropServices;
using NativeBuffers.Os;

namespace NativeBuffers;

/// <summary>The C library's allocator. Its blocks may be freed by C's <c>free</c>, and the other way round.</summary>
internal sealed class MallocAllocator : AlignsByHand
{
    private MallocAllocator()
        : base("Malloc") => LivesForever = true;

    public static MallocAllocator Instance { get; } = new();

    protected override unsafe void* RawAllocate(nuint byteCount, bool zeroed)
    {
        try
        {
            Supply.ThrowIfRefused();
            return zeroed ? NativeMemory.AllocZeroed(byteCount) : NativeMemory.Alloc(byteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount)
    {
        try
        {
            Supply.ThrowIfRefused();
            return NativeMemory.Realloc(block, newByteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void RawFree(void* block) => NativeMemory.Free(block);
}
