namespace NativeBuffers;

/// <summary>A fault that <see cref="FaultInjection"/> has found.</summary>
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

    /// <summary>The kind of fault.</summary>
    public FaultFindingKind Kind { get; }

    /// <summary>The number of the allocation that failed in this run, from 1; 0 in a run in which none did.</summary>
    public int FailedAllocation { get; }

    /// <summary>The line of that allocation, <c>File.cs:12</c>; empty if none failed.</summary>
    public string FailedAt { get; }

    /// <summary>One sentence for people, without the facts above.</summary>
    public string Message { get; }

    /// <summary>The exception of the body, if that is the fault.</summary>
    public Exception? Exception { get; }

    /// <summary>One sentence with all facts.</summary>
    public override string ToString() => FailedAllocation == 0
        ? $"{Kind}: {Message}"
        : $"{Kind}, when allocation {FailedAllocation:N0} at {FailedAt} failed: {Message}";
}
