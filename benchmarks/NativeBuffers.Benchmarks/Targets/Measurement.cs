namespace NativeBuffers.Benchmarks.Targets;

/// <summary>Something to measure: its name, how to warm it up, and the rows it gives.</summary>
internal sealed record Measurement(string Name, Action<Effort> WarmUp, Func<Effort, IEnumerable<TargetRow>> Run)
{
    public static IReadOnlyList<Measurement> All { get; } =
    [
        .. Races.All.Select(static race => new Measurement(race.What, race.WarmUp, effort => [race.Run(effort)])),
        .. ManagedBytes.All.Select(static row => new Measurement(row.What, static _ => { }, _ => [row.Measure()])),
        new Measurement(DisposeCost.What, static _ => { }, DisposeCost.Measure),
        .. LongRaces.All.Select(static race => new Measurement(race.What, static _ => { }, race.Run)),
        new Measurement(PinTargets.What, static _ => { }, PinTargets.Measure),
        new Measurement(HandoverTargets.What, static _ => { }, HandoverTargets.Measure),
        new Measurement(ThreadStartTargets.What, static _ => { }, static _ => ThreadStartTargets.Measure()),
        new Measurement(ListTargets.What, static _ => { }, ListTargets.Measure),
        new Measurement(TrackingTargets.What, static _ => { }, static _ => TrackingTargets.Measure()),
        new Measurement(CheckedTargets.What, static _ => { }, CheckedTargets.Measure),
        new Measurement(SampledTargets.What, static _ => { }, SampledTargets.Measure),
        new Measurement(BudgetTargets.What, static _ => { }, BudgetTargets.Measure),
        .. FunctionsTargets.All,
        .. ArrowTargets.All.Select(static race => new Measurement(race.What, race.WarmUp, effort => [race.Run(effort)])),
        .. ManyTargets.All,
        new Measurement(LiveOwnersTargets.What, static _ => { }, static _ => LiveOwnersTargets.Measure()),
        new Measurement(CallTargets.What, static _ => CallTargets.WarmUp(), CallTargets.Measure),
        new Measurement(StartTargets.What, static _ => { }, StartTargets.Measure),
        new Measurement(FlatMemory.What, static _ => { }, static _ => FlatMemory.Measure()),
    ];
}
