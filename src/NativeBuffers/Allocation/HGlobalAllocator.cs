namespace NativeBuffers.Allocation;

/// <summary><see cref="Marshal.AllocHGlobal(nint)"/>: <c>LocalAlloc</c> on Windows, <c>malloc</c> elsewhere.</summary>
/// <remarks>For interop that frees with <see cref="Marshal.FreeHGlobal"/>.</remarks>
internal sealed class HGlobalAllocator : OverAligningAllocator
{
    private HGlobalAllocator()
        : base("HGlobal") => LivesForever = true;

    public static HGlobalAllocator Instance { get; } = new();

    /// <inheritdoc/>
    protected override unsafe void* RawAllocate(nuint byteCount) => (void*)Marshal.AllocHGlobal((nint)byteCount);

    /// <inheritdoc/>
    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount) =>
        (void*)Marshal.ReAllocHGlobal((nint)block, (nint)newByteCount);

    /// <inheritdoc/>
    protected override unsafe void RawFree(void* block) => Marshal.FreeHGlobal((nint)block);
}
