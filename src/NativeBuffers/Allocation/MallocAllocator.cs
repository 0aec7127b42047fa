using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>The C library's allocator. Its blocks may be freed by C's <c>free</c>, and the other way round.</summary>
internal sealed class MallocAllocator : OverAligningAllocator
{
    private MallocAllocator()
        : base("Malloc") => LivesForever = true;

    public static MallocAllocator Instance { get; } = new();

    protected override unsafe void* RawAllocate(nuint byteCount, bool zeroed)
    {
        try
        {
            FailPoint.ThrowIfRefused();
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
            FailPoint.ThrowIfRefused();
            return NativeMemory.Realloc(block, newByteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void RawFree(void* block) => NativeMemory.Free(block);
}
