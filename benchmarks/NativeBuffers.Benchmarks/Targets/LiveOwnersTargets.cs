using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of a million live owners, against safe handles.</summary>
internal static class LiveOwnersTargets
{
    private const double BytesTarget = 1.5;
    private const double CollectionTarget = 2;

    public static string What => $"{LiveOwners.Count:N0} live owners, 64 B";

    public static IEnumerable<TargetRow> Measure()
    {
        (double bytes, double live, double disposed) = LiveOwners.Measure(LiveOwners.Ours);
        (double rivalBytes, double rivalLive, double rivalDisposed) = LiveOwners.Measure(LiveOwners.Theirs);
        yield return Row("bytes each", "B", bytes, rivalBytes, BytesTarget);
        yield return Row("a full collection", "ms", live, rivalLive, CollectionTarget);
        yield return Row("the first collection after disposal", "ms", disposed, rivalDisposed, CollectionTarget);
    }

    private static TargetRow Row(string what, string unit, double ours, double theirs, double target) => new($"{What}: {what}", "SafeHandle and malloc")
    {
        Ours = $"{ours:0.0} {unit}",
        Theirs = $"{theirs:0.0} {unit}",
        Ratio = $"{ours / theirs:0.00}",
        Target = $"≤ {target:0.0}",
        IsMet = ours / theirs <= target,
    };
}
