using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of a process that tracks by site: the cost of a buffer, and two threads that do not slow each other down.</summary>
internal static class TrackingTargets
{
    private const double NanosecondsTarget = 150;
    private const double RatioTarget = 1.3;

    public static string What => "Tracking by site, create and dispose 64 B, new process";

    public static IEnumerable<TargetRow> Measure()
    {
        (double one, double two) = TrackedBuffers.Measure();
        yield return new TargetRow(What, "")
        {
            Ours = $"{one:0.00} ns",
            Target = $"≤ {NanosecondsTarget:0} ns",
            IsMet = one <= NanosecondsTarget,
        };
        yield return new TargetRow($"{What}, on each of two threads", "one thread")
        {
            Ours = $"{two:0.00} ns",
            Theirs = $"{one:0.00} ns",
            Ratio = $"{two / one:0.000}",
            Target = $"≤ {RatioTarget:0.00}",
            IsMet = two / one <= RatioTarget,
        };
    }
}
