using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of <c>NativeAllocator.FromFunctions</c>, over mimalloc.</summary>
internal static class FunctionsTargets
{
    private const string What = "FromFunctions over mimalloc, 64 B";

    /// <summary>The races; a row that says why there is none, on a machine without the library.</summary>
    public static IEnumerable<Measurement> All => FunctionsLoops.TryLoad()
        ? Races().Select(static race => new Measurement(race.What, race.WarmUp, effort => [race.Run(effort)]))
        : [new Measurement(What, static _ => { }, static _ => [Skipped])];

    private static TargetRow Skipped => new(What, "skipped: no libmimalloc2.0 on this machine") { Ours = "", Target = "≤ 2.00", IsMet = true };

    private static IEnumerable<Race> Races() =>
    [
        new($"{What}, CreateUninitialized", "function pointers, try/finally", 2.00, 64, FunctionsLoops.Buffer, FunctionsLoops.TryFinally),
        new($"{What}, Create", "the same, cleared", 2.00, 64, FunctionsLoops.Zeroed, FunctionsLoops.TryFinallyZeroed),
    ];
}
