using System.Runtime.InteropServices;

namespace NativeBuffers;

/// <summary>COM's task memory: what <see cref="Marshal.FreeCoTaskMem"/> and COM itself free.</summary>
/// <remarks><see cref="Marshal"/> counts it in <see cref="int"/>s, so larger blocks are refused as exhausted.</remarks>
internal sealed class CoTaskMemAllocator : AlignsByHand
{
    private CoTaskMemAllocator()
        : base("CoTaskMem")
    {
    }

    public static CoTaskMemAllocator Instance { get; } = new();

    protected override unsafe void* RawAllocate(nuint byteCount, bool zeroed)
    {
        if (byteCount > int.MaxValue)
        {
            return null;
        }

        try
        {
            void* block = (void*)Marshal.AllocCoTaskMem((int)byteCount);
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
        if (newByteCount > int.MaxValue)
        {
            return null;
        }

        try
        {
            return (void*)Marshal.ReAllocCoTaskMem((nint)block, (int)newByteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void RawFree(void* block) => Marshal.FreeCoTaskMem((nint)block);
}
