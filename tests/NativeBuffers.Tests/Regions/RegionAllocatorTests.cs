using NativeBuffers.Platform;
using NativeBuffers.Regions;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Regions;

/// <summary>For all blocks but its region it is like <see cref="NativeAllocator.Pages"/>.</summary>
[Slow]
public class RegionAllocatorTests() : AllocatorContract(s_allocator)
{
    private static readonly RegionAllocator s_allocator =
        new(RegionMemory.Reserve(1, new NativeRegionOptions(), Host.Memory));
}
