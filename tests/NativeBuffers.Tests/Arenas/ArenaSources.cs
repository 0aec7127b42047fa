namespace NativeBuffers.Tests.Arenas;

/// <summary>The allocators that arenas take their blocks from, by name.</summary>
internal static class ArenaSources
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "Cache", "Default", "Malloc", "HGlobal", "CoTaskMem", "Pages", "PinnedHeap", "Aligned(1)", "Aligned(64)", "Aligned(4096)",
        "Functions", "FunctionsWithoutResize", "Custom", "Recording",
    ];

    public static NativeAllocator? Named(string name) => name switch
    {
        "Cache" => null,
        "Default" => NativeAllocator.Default,
        "Malloc" => NativeAllocator.Malloc,
        "HGlobal" => NativeAllocator.HGlobal,
        "CoTaskMem" => NativeAllocator.CoTaskMem,
        "Pages" => NativeAllocator.Pages,
        "PinnedHeap" => NativeAllocator.PinnedHeap,
        "Aligned(1)" => NativeAllocator.Aligned(1),
        "Aligned(64)" => NativeAllocator.Aligned(64),
        "Aligned(4096)" => NativeAllocator.Aligned(4096),
        "Functions" => CFunctions.Malloc,
        "FunctionsWithoutResize" => CFunctions.MallocWithoutRealloc,
        "Custom" => new CustomAllocator(),
        "Recording" => new RecordingAllocator(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such allocator."),
    };
}
