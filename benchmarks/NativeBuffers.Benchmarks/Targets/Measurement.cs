namespace NativeBuffers.Benchmarks.Targets;

/// <summary>Something to measure: its name, how to warm it up, and the rows it gives.</summary>
internal sealed record Measurement(string Name, Action WarmUp, Func<IEnumerable<TargetRow>> Run)
{
    public static IReadOnlyList<Measurement> All { get; } =
    [
        .. Races.All.Select(static race => new Measurement(race.What, race.WarmUp, () => [race.Run()])),
        .. ManagedBytes.All.Select(static row => new Measurement(row.What, static () => { }, () => [row.Measure()])),
        new Measurement(DisposeCost.What, static () => { }, DisposeCost.Measure),
        .. LongRaces.All.Select(static race => new Measurement(race.What, static () => { }, race.Run)),
        new Measurement(PinTargets.What, static () => { }, PinTargets.Measure),
        new Measurement(HandoverTargets.What, static () => { }, HandoverTargets.Measure),
        new Measurement(ThreadStartTargets.What, static () => { }, ThreadStartTargets.Measure),
        new Measurement(ListTargets.What, static () => { }, ListTargets.Measure),
        new Measurement(TrackingTargets.What, static () => { }, TrackingTargets.Measure),
        new Measurement(CheckedTargets.What, static () => { }, CheckedTargets.Measure),
        new Measurement(SampledTargets.What, static () => { }, SampledTargets.Measure),
        new Measurement(BudgetTargets.What, static () => { }, BudgetTargets.Measure),
        .. FunctionsTargets.All,
        .. ArrowTargets.All.Select(static race => new Measurement(race.What, race.WarmUp, () => [race.Run()])),
        .. ManyTargets.All,
        new Measurement(LiveOwnersTargets.What, static () => { }, LiveOwnersTargets.Measure),
        new Measurement(CallTargets.What, CallTargets.WarmUp, CallTargets.Measure),
        new Measurement(StartTargets.What, static () => { }, StartTargets.Measure),
        new Measurement(FlatMemory.What, static () => { }, FlatMemory.Measure),
    ];
}
