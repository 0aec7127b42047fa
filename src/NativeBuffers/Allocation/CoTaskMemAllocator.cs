using NativeBuffers.Platform;

namespace NativeBuffers.Allocation;

/// <summary>COM's task memory: what <see cref="Marshal.FreeCoTaskMem"/> and COM itself free. <c>malloc</c> but on Windows.</summary>
internal sealed class CoTaskMemAllocator : OverAligningAllocator
{
    private CoTaskMemAllocator()
        : base("CoTaskMem") => LivesForever = true;

    public static CoTaskMemAllocator Instance { get; } = new();

    protected override unsafe void* RawAllocate(nuint byteCount, bool zeroed)
    {
        void* block = Host.Memory.AllocateTask(byteCount);
        if (zeroed && block != null)
        {
            NativeMemory.Clear(block, byteCount);
        }

        return block;
    }

    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount) =>
        Host.Memory.ResizeTask(block, newByteCount);

    protected override unsafe void RawFree(void* block) => Marshal.FreeCoTaskMem((nint)block);
}
