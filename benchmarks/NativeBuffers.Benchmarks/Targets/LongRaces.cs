using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets whose work takes milliseconds and more.</summary>
internal static class LongRaces
{
    public static IReadOnlyList<LongRace> All { get; } =
    [
        new("Growth by doubling, 1 MiB to 1 GiB", "malloc, copy, free", 0.30, Doubling.Owner, Doubling.MallocCopyFree),
    ];
}
