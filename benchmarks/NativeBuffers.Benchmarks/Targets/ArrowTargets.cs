using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of <see cref="NativeBuffers.Arrow.NativeArrowAllocator"/> against Arrow's own allocator.</summary>
internal static class ArrowTargets
{
    private const double Target = 0.50;

    public static IEnumerable<Race> All =>
    [
        .. Races("A block for Arrow, kept by the collector", ArrowLoops.Collected),
        .. Races("A block for Arrow, over Default", ArrowLoops.Cached),
    ];

    private static IEnumerable<Race> Races(string what, Loop ours)
    {
        foreach ((int byteCount, string size) in ((int, string)[])[(64, "64 B"), (1024, "1 KiB"), (4096, "4 KiB")])
        {
            yield return new($"{what}, {size}", "Arrow's own allocator", Target, byteCount, ours, ArrowLoops.Arrow);
        }
    }
}
