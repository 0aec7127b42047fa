namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target that memory does not grow however many buffers come and go.</summary>
internal static class FlatMemory
{
    private const int BufferCount = 10_000_000;

    /// <summary>The growth that the runtime itself may cause (compiled code, its own bookkeeping), in bytes.</summary>
    private const long Tolerance = 1024 * 1024;

    public static string What => $"Memory after {BufferCount:N0} of mixed sizes";

    /// <summary>First fills the caches with a tenth of the buffers, so that cached blocks do not count as growth.</summary>
    public static IEnumerable<TargetRow> Measure()
    {
        var sizes = new MixedSizes();
        _ = sizes.CreateAndDispose(BufferCount / 10);
        long residentBefore = ResidentMemory.ByteCount;
        long cachedBefore = NativeMemoryCache.CachedBytes;
        _ = sizes.CreateAndDispose(BufferCount);
        long residentAfter = ResidentMemory.ByteCount;
        long cachedAfter = NativeMemoryCache.CachedBytes;
        yield return Row("resident", residentBefore, residentAfter);
        yield return Row("kept in caches", cachedBefore, cachedAfter);
    }

    private static TargetRow Row(string kind, long before, long after) => new(What, kind)
    {
        Ours = Mebibytes(after),
        Theirs = $"before: {Mebibytes(before)}",
        Target = "flat",
        IsMet = after - before <= Tolerance,
    };

    private static string Mebibytes(long byteCount) => $"{byteCount / (1024.0 * 1024):0.00} MiB";
}
