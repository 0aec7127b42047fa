using NativeBuffers.Blocks.Cache;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>What a flow has allocated within a scope.</summary>
internal sealed class ScopeLedger() : Ledger(stripeCount: 8)
{
    private static readonly int s_default = AllocatorNames.IdOf(CachingAllocator.Instance);

    private readonly UninterruptedLock _gate = new();
    private readonly List<BlockRecord> _abandoned = [];

    /// <summary>What was forgotten, and freed by a finalizer or behind the end of its thread.</summary>
    public IReadOnlyList<BlockRecord> Abandoned
    {
        get
        {
            using (_gate.Enter())
            {
                return [.. _abandoned];
            }
        }
    }

    /// <summary>Notes nothing more.</summary>
    public void End() => IsOver = true;

    /// <summary>A bare block of the default allocator is freed by somebody who does not work for the flow.</summary>
    public void Forget(nint address) => _ = Registry.TryRemove(address, s_default, out _);

    // Callers on the shortest path do not say where they are in a process that was started without: so their calls tell.
    public override int CaptureStack() => AllocationSite.Noted.Line == 0 ? CallStacks.Capture() : 0;

    public override void FoundAbandoned(in BlockRecord record)
    {
        using (_gate.Enter())
        {
            _abandoned.Add(record);
        }
    }
}
