using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Pools;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of many small blocks that are live at once: their time against mimalloc's, and their memory.</summary>
internal static class ManyTargets
{
    private const int BlockCount = 100_000;
    private const int Size = 64;

    /// <summary>The races; a row that says why there is none, on a machine without the library.</summary>
    public static IEnumerable<Measurement> All => FunctionsLoops.TryLoad()
        ? [.. Races().Select(static race => new Measurement(race.What, race.WarmUp, effort => [race.Run(effort)])), .. Memory()]
        : [new Measurement(Name, static _ => { }, static _ => [Skipped])];

    private static string Name => $"{BlockCount:N0} live, {Size} B";

    private static TargetRow Skipped => new(Name, "skipped: no libmimalloc2.0 on this machine") { Ours = "", Target = "≤ 1.30", IsMet = true };

    private static IEnumerable<Race> Races()
    {
        foreach (string order in ManyAlive.OrderNames)
        {
            ManyAlive blocks = ManyAlive.Ordered(BlockCount, order);
            foreach ((string kind, Loop loop) in ((string, Loop)[])[("bare", blocks.Bare), ("rented", blocks.Rented), ("owner", blocks.Owned)])
            {
                yield return new($"{Name}, freed {order}, {kind}", "mimalloc", 1.30, Size, loop, blocks.Mimalloc)
                {
                    TurnsPerCall = 1,
                    LeastCalls = 1,
                    BuffersPerTurn = blocks.Count,
                };
            }
        }
    }

    private static IEnumerable<Measurement> Memory()
    {
        foreach (string kind in PayloadMemory.Kinds)
        {
            foreach (int byteCount in (int[])[64, 1000])
            {
                double target = byteCount != 64 ? 1.15 : kind == "owned" ? 3 : 1.6;
                string what = $"Resident / payload, {kind}, {byteCount} B";
                yield return new Measurement(what, static _ => { }, _ => MemoryOf(what, kind, byteCount, target));
            }
        }
    }

    private static IEnumerable<TargetRow> MemoryOf(string what, string kind, int byteCount, double target)
    {
        const double AfterTarget = 0.1;
        (double alive, double after) = PayloadMemory.Measure(kind, byteCount);
        (double rivalAlive, double rivalAfter) = PayloadMemory.Measure(PayloadMemory.Rival, byteCount);
        yield return Row("live", alive, rivalAlive, target);
        yield return Row("freed and trimmed", after, rivalAfter, AfterTarget);

        TargetRow Row(string when, double ours, double theirs, double limit) => new(what, $"mimalloc, {when}")
        {
            Ours = $"{ours:0.00}",
            Theirs = $"{theirs:0.00}",
            Target = $"≤ {limit:0.00}",
            IsMet = ours <= limit,
        };
    }
}
