using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Pools;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets that are ratios of two times.</summary>
internal static class Races
{
    public static IReadOnlyList<Race> All { get; } = [.. Created(), .. Zeroed(), .. Aligned(), .. Live()];

    private static IEnumerable<Race> Created()
    {
        foreach (int byteCount in (int[])[64, 1024, 4096, 65_536])
        {
            string what = $"CreateUninitialized, {Size(byteCount)}";
            yield return new(what, "Alloc/Free, try/finally", 0.30, byteCount, ScopedCreateLoops.Buffer, ScopedCreateLoops.TryFinally);
            yield return new(what, "Alloc/Free, bare", 0.65, byteCount, ScopedCreateLoops.Buffer, ScopedCreateLoops.Bare);
            yield return new(what, "ArrayPool.Shared", 0.90, byteCount, ScopedCreateLoops.Buffer, ScopedCreateLoops.ArrayPool);
        }
    }

    private static IEnumerable<Race> Zeroed()
    {
        foreach ((int byteCount, double target) in ((int, double)[])[(64, 0.35), (1024, 0.35), (4096, 0.80), (65_536, 1.00)])
        {
            yield return new(
                $"Create, {Size(byteCount)}", "AllocZeroed, try/finally", target, byteCount, ScopedZeroedLoops.Buffer, ScopedZeroedLoops.TryFinally);
        }
    }

    private static IEnumerable<Race> Aligned()
    {
        foreach (int byteCount in (int[])[64, 1024, 4096, 65_536])
        {
            yield return new(
                $"Aligned(64), {Size(byteCount)}", "AlignedAlloc, try/finally", 0.20, byteCount, ScopedAlignedLoops.Buffer, ScopedAlignedLoops.TryFinally);
        }
    }

    private static IEnumerable<Race> Live()
    {
        foreach (int byteCount in (int[])[1024, 4096])
        {
            string live = $"{LiveBlocksLoops.BlockCount} live, {Size(byteCount)}";
            yield return Held($"{live}, buffers by recursion", "Alloc/Free by recursion", LiveBlocksLoops.BufferRecursion, LiveBlocksLoops.RawRecursion);
            yield return Held($"{live}, buffers by recursion", "Alloc/Free in an array", LiveBlocksLoops.BufferRecursion, LiveBlocksLoops.RawArray);
            yield return Held($"{live}, Default in an array", "Alloc/Free in an array", LiveBlocksLoops.AllocatorArray, LiveBlocksLoops.RawArray);

            Race Held(string what, string against, Loop ours, Loop theirs) =>
                new(what, against, 0.15, byteCount, ours, theirs) { TurnsPerCall = 1, BuffersPerTurn = LiveBlocksLoops.BlockCount };
        }
    }

    private static string Size(int byteCount) => byteCount < 1024 ? $"{byteCount} B" : $"{byteCount / 1024} KiB";
}
