using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary><see cref="Marshal.AllocHGlobal(nint)"/>: <c>LocalAlloc</c> on Windows, <c>malloc</c> elsewhere.</summary>
/// <remarks>For interop that frees with <see cref="Marshal.FreeHGlobal"/>.</remarks>
internal sealed class HGlobalAllocator : OverAligningAllocator
{
    private HGlobalAllocator()
        : base("HGlobal") => LivesForever = true;

    public static HGlobalAllocator Instance { get; } = new();

    protected override unsafe void* RawAllocate(nuint byteCount, bool zeroed)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            void* block = (void*)Marshal.AllocHGlobal((nint)byteCount);
            if (zeroed)
            {
                NativeMemory.Clear(block, byteCount);
            }

            return block;
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
            return (void*)Marshal.ReAllocHGlobal((nint)block, (nint)newByteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void RawFree(void* block) => Marshal.FreeHGlobal((nint)block);
}
