using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of <see cref="GuardMode.Checked"/>: what CPython's debug hooks take for malloc and free of the same sizes.</summary>
internal static class CheckedTargets
{
    private static int Processes => Effort.Of(5);

    public static string What => "Checked, create and dispose";

    public static IEnumerable<TargetRow> Measure() => [Row("64 B", 64, 23), Row("4 KiB", 4096, 212)];

    private static TargetRow Row(string size, int byteCount, double target)
    {
        double[] times = [.. Enumerable.Range(0, Processes).Select(_ => CheckedLoop.Measure(byteCount)).Order()];
        double median = times[Processes / 2];
        return new TargetRow($"{What}, {size}", "a process of its own")
        {
            Ours = $"{median:0.0} ns",
            Spread = $"{times[0]:0.0}-{times[^1]:0.0} ns",
            Target = $"≤ {target:0} ns",
            IsMet = median <= target,
        };
    }
}
