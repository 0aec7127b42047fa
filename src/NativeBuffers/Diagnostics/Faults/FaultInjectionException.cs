namespace NativeBuffers;

/// <summary>The faults that <see cref="FaultInjection"/> has found.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Only fault injection throws it, and it has findings.")]
public sealed class FaultInjectionException : Exception
{
    internal FaultInjectionException(IReadOnlyList<FaultFinding> findings)
        : base(string.Join(Environment.NewLine, findings), findings.FirstOrDefault(static finding => finding.Exception is not null)?.Exception) =>
        Findings = findings;

    /// <summary>At least one, in the order of the runs.</summary>
    public IReadOnlyList<FaultFinding> Findings { get; }
}
