namespace NativeBuffers;

/// <summary>When allocations fail on purpose: see <see cref="NativeAllocator.WithFaults"/>.</summary>
public abstract class FaultPlan
{
    private protected FaultPlan()
    {
    }

    /// <summary>Whether an allocation that is asked for now is to fail. Counts it.</summary>
    internal abstract bool FailsNow(nuint byteCount);
}
