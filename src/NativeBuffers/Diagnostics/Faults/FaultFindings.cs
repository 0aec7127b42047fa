namespace NativeBuffers.Diagnostics.Faults;

/// <summary>Judges runs, and collects the faults.</summary>
internal sealed class FaultFindings(FaultInjectionOptions options)
{
    private readonly List<FaultFinding> _all = [];

    public int Count => _all.Count;

    /// <summary>Judges a run in which an allocation had to fail.</summary>
    public void Add(FaultRun run, FaultRun first, Exception? thrown)
    {
        if (run.DifferenceTo(first, run.Failing) is { } difference)
        {
            Add(run, FaultFindingKind.Differs, difference);
        }

        if (thrown is null)
        {
            if (run.WasThrown && !options.AllowsRecovery)
            {
                Add(run, FaultFindingKind.Swallowed, "it was thrown as an exception, and the body went on as if nothing had happened.");
            }
        }
        else if (!IsLackOfMemory(thrown) && options.AllowsException?.Invoke(thrown) != true)
        {
            Add(run, FaultFindingKind.WrongException, $"the body threw {thrown.GetType()}: {thrown.Message}", thrown);
        }

        AddLeaks(run);
    }

    /// <summary>Judges the last run, which must be like the first.</summary>
    public void AddLast(FaultRun run, FaultRun first, Exception? thrown)
    {
        if (first.Count == 0)
        {
            _all.Add(new FaultFinding(
                FaultFindingKind.NoAllocation, 0, string.Empty, "the body allocates nothing through this library, so nothing was tried."));
        }

        if (thrown is not null)
        {
            Add(run, FaultFindingKind.Differs, $"the last run, without a failure, throws {thrown.GetType()}: {thrown.Message}", thrown);
        }
        else if (run.DifferenceTo(first, int.Max(run.Count, first.Count)) is { } difference)
        {
            Add(run, FaultFindingKind.Differs, $"in the last run nothing failed. {difference}");
        }

        AddLeaks(run);
    }

    /// <summary>Notes the blocks that a run has not freed.</summary>
    public void AddLeaks(FaultRun run)
    {
        foreach ((nuint byteCount, string site, bool isAbandoned) in run.Leaks())
        {
            string what = isAbandoned ? "were never disposed: a finalizer or the end of their thread freed them." : "were not given back.";
            Add(run, FaultFindingKind.Leak, $"{byteCount:N0} bytes, allocated at {site}, {what}");
        }
    }

    /// <exception cref="FaultInjectionException">There are findings.</exception>
    public void ThrowIfAny()
    {
        if (_all.Count > 0)
        {
            throw new FaultInjectionException(_all);
        }
    }

    private void Add(FaultRun run, FaultFindingKind kind, string message, Exception? exception = null) =>
        _all.Add(new FaultFinding(kind, run.Failing, run.SiteOf(run.Failing), message, exception));

    private static bool IsLackOfMemory(Exception thrown) => thrown switch
    {
        OutOfMemoryException => true,
        AggregateException several => several.InnerExceptions.Count > 0 && several.InnerExceptions.All(IsLackOfMemory),
        _ => false,
    };
}
