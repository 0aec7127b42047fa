using NativeBuffers.Benchmarks.Scale;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of blocks that one thread makes and another thread frees.</summary>
internal static class HandoverTargets
{
    private const int Rounds = 3;

    public static string What => "Made by one thread, freed by another";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        foreach (int byteCount in (int[])[64, 1024, 4096])
        {
            yield return Race(effort, $"{What}: RentBuffer, {byteCount} B", "Alloc/Free", 0.8, byteCount, Pairs.RentBuffer, Pairs.Malloc);
            yield return Race(effort, $"{What}: owner, {byteCount} B", "Alloc/Free", 0.8, byteCount, Pairs.Owner, Pairs.Malloc);
            yield return Race(effort, $"{What}: owner, borrowed, {byteCount} B", "SafeHandle, AddRef, Release", 1.5, byteCount, Pairs.BorrowedOwner, Pairs.Handle);
        }
    }

    private static TargetRow Race(
        Effort effort, string what, string against, double target, int byteCount, Func<int, int, Effort, double> ours, Func<int, int, Effort, double> theirs)
    {
        int rounds = effort.Rounds(Rounds);
        double[] ourTimes = new double[rounds];
        double[] theirTimes = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            ourTimes[round] = ours(1, byteCount, effort);
            theirTimes[round] = theirs(1, byteCount, effort);
        }

        double[] ratios = [.. ourTimes.Zip(theirTimes, static (our, their) => our / their)];
        double our = ourTimes.Order().ElementAt(rounds / 2);
        double their = theirTimes.Order().ElementAt(rounds / 2);
        return new TargetRow(what, against)
        {
            Ours = $"{our:0} ns",
            Theirs = $"{their:0} ns",
            Ratio = $"{our / their:0.000}",
            Spread = $"{ratios.Min():0.000}-{ratios.Max():0.000}",
            Target = $"≤ {target:0.00}",
            IsMet = our / their <= target,
        };
    }
}
