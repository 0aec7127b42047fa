using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of <see cref="GuardMode.Checked"/>: what CPython's debug hooks take for malloc and free of the same sizes.</summary>
internal static class CheckedTargets
{
    private const int Processes = 5;

    public static string What => "Checked, create and dispose";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int processes = effort.Rounds(Processes);
        return [Row("64 B", 64, 23, processes), Row("4 KiB", 4096, 212, processes)];
    }

    private static TargetRow Row(string size, int byteCount, double target, int processes)
    {
        double[] times = [.. Enumerable.Range(0, processes).Select(_ => CheckedLoop.Measure(byteCount)).Order()];
        double median = times[processes / 2];
        return new TargetRow($"{What}, {size}", "a process of its own")
        {
            Ours = $"{median:0.0} ns",
            Spread = $"{times[0]:0.0}-{times[^1]:0.0} ns",
            Target = $"≤ {target:0} ns",
            IsMet = median <= target,
        };
    }
}
