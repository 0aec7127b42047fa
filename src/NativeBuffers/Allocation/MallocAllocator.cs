namespace NativeBuffers.Allocation;

/// <summary>The C library's allocator. C's <c>free</c> may free its blocks, and this allocator may free those of C's <c>malloc</c>.</summary>
internal sealed class MallocAllocator : OverAligningAllocator
{
    private MallocAllocator()
        : base("Malloc") => LivesForever = true;

    public static MallocAllocator Instance { get; } = new();

    /// <inheritdoc/>
    protected override unsafe void* RawAllocate(nuint byteCount) => NativeMemory.Alloc(byteCount);

    /// <inheritdoc/>
    protected override unsafe void* RawAllocateZeroed(nuint byteCount) => NativeMemory.AllocZeroed(byteCount);

    /// <inheritdoc/>
    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount) => NativeMemory.Realloc(block, newByteCount);

    /// <inheritdoc/>
    protected override unsafe void RawFree(void* block) => NativeMemory.Free(block);
}
