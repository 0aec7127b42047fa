using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Regions;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets whose work takes milliseconds and more.</summary>
internal static class LongRaces
{
    public static IReadOnlyList<LongRace> All { get; } =
    [
        new("Growth by doubling, 1 MiB to 1 GiB", "malloc, copy, free", 0.30, Doubling.Owner, Doubling.MallocCopyFree),
        new("MappedFile, 1 GB in the page cache, sum of bytes", "FileStream, array", 0.90, FileSums.Mapped, FileSums.Streamed) { Prepare = BigFile.Create },
    ];
}
