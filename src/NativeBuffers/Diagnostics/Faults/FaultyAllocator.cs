using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>The layer that fails when a plan says so.</summary>
internal sealed class FaultyAllocator : WrappingAllocator
{
    [ThreadStatic]
    private static bool t_hasFailed;

    private readonly FaultPlan _plan;

    public FaultyAllocator(NativeAllocator inner, FaultPlan plan)
        : base("Faulty", inner, AllocatorLayers.FaultPlan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _plan = plan;
    }

    /// <inheritdoc/>
    internal override OutOfMemoryException RefusalOf(nuint byteCount)
    {
        bool hasFailed = t_hasFailed;
        t_hasFailed = false;
        return hasFailed ? ThrowHelper.OnPurpose(byteCount, this) : base.RefusalOf(byteCount);
    }

    /// <inheritdoc/>
    internal override OutOfMemoryException? BudgetRefusalOf(nuint byteCount) => t_hasFailed ? null : base.BudgetRefusalOf(byteCount);

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        FailsNow(byteCount) ? null : base.AllocateCore(byteCount, alignment, zeroed);

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed) =>
        newByteCount > oldByteCount && FailsNow(newByteCount) ? null : base.ResizeCore(block, oldByteCount, newByteCount, alignment, zeroed);

    private bool FailsNow(nuint byteCount) => t_hasFailed = _plan.FailsNow(byteCount);
}
