namespace NativeBuffers.Instrumented.PlugIns;

/// <summary>An allocator that the plug-in brings along.</summary>
internal sealed class PlugInAllocator() : NativeAllocator("Plug-in")
{
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        Malloc.TryAllocate(byteCount, alignment, zeroed);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => Malloc.Free(block, byteCount, alignment);
}
