namespace NativeBuffers.Diagnostics.Faults;

/// <summary>Fails when a plan says so.</summary>
internal sealed class FaultyAllocator : WrappingAllocator
{
    private readonly FaultPlan _plan;

    public FaultyAllocator(NativeAllocator inner, FaultPlan plan)
        : base("Faulty", inner, isAmbient: false)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _plan = plan;
        LivesForever = false;
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        _plan.FailsNow(byteCount) ? null : base.AllocateCore(byteCount, alignment, zeroed);
}
