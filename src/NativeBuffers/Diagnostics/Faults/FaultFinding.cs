namespace NativeBuffers;

/// <summary>Something that <see cref="FaultInjection"/> has found.</summary>
public sealed class FaultFinding
{
    internal FaultFinding(FaultFindingKind kind, int failedAllocation, string failedAt, string message, Exception? exception = null)
    {
        Kind = kind;
        FailedAllocation = failedAllocation;
        FailedAt = failedAt;
        Message = message;
        Exception = exception;
    }

    /// <summary>What it is.</summary>
    public FaultFindingKind Kind { get; }

    /// <summary>The number of the allocation that failed in this run, from 1; 0 in a run in which none did.</summary>
    public int FailedAllocation { get; }

    /// <summary>Where the program asked for it, <c>File.cs:12</c>; empty if none failed.</summary>
    public string FailedAt { get; }

    /// <summary>One sentence for people, without those above.</summary>
    public string Message { get; }

    /// <summary>What came out of the body, if that is the finding.</summary>
    public Exception? Exception { get; }

    /// <summary>All of it.</summary>
    public override string ToString() => FailedAllocation == 0
        ? $"{Kind}: {Message}"
        : $"{Kind}, when allocation {FailedAllocation:N0} at {FailedAt} failed: {Message}";
}
