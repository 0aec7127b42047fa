using NativeBuffers.Platform;

namespace NativeBuffers.Allocation;

/// <summary>COM's task memory, which COM and <see cref="Marshal.FreeCoTaskMem"/> free. <c>malloc</c> on systems other than Windows.</summary>
internal sealed class CoTaskMemAllocator : OverAligningAllocator
{
    private CoTaskMemAllocator()
        : base("CoTaskMem") => LivesForever = true;

    public static CoTaskMemAllocator Instance { get; } = new();

    /// <inheritdoc/>
    protected override unsafe void* RawAllocate(nuint byteCount) => Host.Memory.AllocateTask(byteCount);

    /// <inheritdoc/>
    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount) => Host.Memory.ResizeTask(block, newByteCount);

    /// <inheritdoc/>
    protected override unsafe void RawFree(void* block) => Marshal.FreeCoTaskMem((nint)block);
}
