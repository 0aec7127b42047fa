namespace NativeBuffers;

/// <summary>Options of <see cref="FaultInjection"/>: the results that are correct.</summary>
/// <example>
/// <code>
/// var options = new FaultInjectionOptions { AllowsRecovery = true };
/// </code>
/// </example>
public sealed class FaultInjectionOptions
{
    /// <summary>Whether the body may catch the <see cref="OutOfMemoryException"/>, and end as if nothing had happened.</summary>
    public bool AllowsRecovery { get; init; }

    /// <summary>Which other exceptions may come out of a run with a failure; none when null.</summary>
    public Func<Exception, bool>? AllowsException { get; init; }

    /// <summary>Receives a report after each run; none when null.</summary>
    public IProgress<FaultInjectionProgress>? Progress { get; init; }
}
