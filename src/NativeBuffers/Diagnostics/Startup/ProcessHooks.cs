using NativeBuffers.Allocation;
using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Startup;

/// <summary>The hooks of a process that was started with guards, tracking or both.</summary>
internal sealed class ProcessHooks : AllocatorHooks
{
    private readonly UninterruptedLock _lock = new();

    public override bool IsSampling => InstrumentationSwitch.Guard == GuardMode.Sampled && InstrumentationSwitch.Tracking == TrackingMode.Off;

    /// <inheritdoc/>
    protected override NativeAllocator InstrumentHere(NativeAllocator allocator) => allocator.InProcess ?? Make(allocator);

    protected override NativeAllocator GuardHere(NativeAllocator allocator) =>
        InstrumentHere(allocator) is var first && first.Layer.Has(AllocatorLayers.ProcessTracking) ? first.Inner : first;

    protected override void TellDisposedTwiceHere(nint start, nuint byteCount, AllocationSite allocated, AllocationSite first, AllocationSite second) =>
        NativeMemoryGuard.Report(
            new NativeMemoryViolation(
                NativeMemoryViolationKind.DoubleFree, (nuint)start, (long)byteCount, allocated.ToString(), first.ToString(),
                $"Double disposal: two copies of an owner of {byteCount.ToString("N0", CultureInfo.InvariantCulture)} bytes were disposed; the second freed nothing. "
                + $"Allocated at {allocated}; disposed {Where(first)}, and again {Where(second)}."));

    private static string Where(AllocationSite site) => site.ToString() is { Length: > 0 } text ? $"at {text}" : "at a line that is not known";

    private NativeAllocator Make(NativeAllocator allocator)
    {
        using (_lock.Enter())
        {
            if (allocator.InProcess is null)
            {
                NativeAllocator guarded = GuardedAllocators.Ambient(allocator, InstrumentationSwitch.Guard);
                allocator.InProcess = InstrumentationSwitch.Tracking == TrackingMode.Off ? guarded : TrackingAllocator.Ambient(guarded);
            }

            return allocator.InProcess;
        }
    }
}
