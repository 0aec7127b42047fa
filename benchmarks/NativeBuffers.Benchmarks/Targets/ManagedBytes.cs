using NativeBuffers.Benchmarks.Arenas;
using NativeBuffers.Benchmarks.Collections;
using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target that scoped buffers allocate nothing on the garbage-collected heap.</summary>
internal static class ManagedBytes
{
    private const int Turns = 100_000;

    public static IEnumerable<(string What, Func<TargetRow> Measure)> All { get; } =
    [
        Row("CreateUninitialized, 1 KiB", ScopedCreateLoops.Buffer, 1024),
        Row("Create, 1 KiB", ScopedZeroedLoops.Buffer, 1024),
        Row("Aligned(64), 1 KiB", ScopedAlignedLoops.Buffer, 1024),
        Row("CreateUninitialized, 1 MiB", ScopedCreateLoops.Buffer, 1_048_576),
        Row("ScratchList<int>, 64 on the stack", ScratchLoops.Scratch, 0),
        Row("Arena, create, 4 small, dispose", ArenaLoops.TinyArena, 0),
    ];

    private static (string What, Func<TargetRow> Measure) Row(string what, Loop loop, int byteCount) =>
        ($"Managed bytes: {what}", () => Measure($"Managed bytes: {what}", loop, byteCount));

    private static TargetRow Measure(string what, Loop loop, int byteCount)
    {
        _ = loop(Turns, byteCount);
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = loop(Turns, byteCount);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return new TargetRow(what, $"{Turns:N0} turns")
        {
            Ours = $"{allocated:N0} B",
            Target = "0 B",
            IsMet = allocated == 0,
        };
    }
}
