namespace NativeBuffers.Regions;

/// <summary>Frees a region's addresses when its last use ends; there is one for each region.</summary>
/// <remarks>
/// What lives longest: the region's slot refers to it, and it refers to no region, so a forgotten region can be found.
/// Blocks that are not the region come from <see cref="NativeAllocator.Pages"/>.
/// </remarks>
internal sealed class RegionAllocator(RegionMemory memory) : NativeAllocator("Region")
{
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        Pages.Obtain(byteCount, alignment, zeroed);

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Pages.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (block == memory.Start)
        {
            memory.Free();
        }
        else
        {
            Pages.GiveBack(block, byteCount, alignment);
        }
    }
}
