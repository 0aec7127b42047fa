using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Notes each block in a ledger, and leaves the block as it is.</summary>
/// <remarks>
/// A block is noted when there is one, and taken out before it is freed, when its address is still nobody else's. While it is
/// resized it is not noted.
/// </remarks>
internal sealed class TrackingAllocator : WrappingAllocator
{
    private static readonly ConditionalWeakTable<NativeAllocator, TrackingAllocator> s_byInner = [];

    private readonly Ledger _ledger;
    private readonly int _allocatorId;
    private TrackingAllocator? _forAdopted;

    private TrackingAllocator(NativeAllocator inner, Ledger ledger, bool isAmbient)
        : base("Tracked", inner, isAmbient)
    {
        _ledger = ledger;
        _allocatorId = AllocatorNames.IdOf(Behind(inner));
        TakesAllocationSites = true;
        IsTracked = inner.IsTracked || ledger is ProcessLedger;

        // There is one for each inner allocator, which keeps it. Those of scopes go with their scope.
        LivesForever = inner.LivesForever && ledger is ProcessLedger;
    }

    /// <summary>The one that stands in front of an allocator because a user asked for it: the same each time.</summary>
    public static NativeAllocator Over(NativeAllocator inner) =>
        s_byInner.GetValue(inner, static inner => new TrackingAllocator(inner, ProcessLedger.Instance, isAmbient: false));

    /// <summary>One that stands in front of an allocator in the whole process; none where the user has put one there already.</summary>
    public static NativeAllocator Ambient(NativeAllocator inner)
    {
        LeakReports.Start();
        return inner.IsTracked ? inner : new TrackingAllocator(inner, ProcessLedger.Instance, isAmbient: true);
    }

    /// <summary>One that stands in front of an allocator in a scope.</summary>
    public static NativeAllocator InScope(NativeAllocator inner, ScopeLedger ledger) => new TrackingAllocator(inner, ledger, isAmbient: true);

    internal override object Notes => _ledger;

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (_ledger.IsOver)
        {
            return Inner.Obtain(byteCount, alignment, zeroed);
        }

        int stackId = _ledger.CaptureStack();
        int siteId = AllocationSite.Noted.Id;
        void* block = Inner.Obtain(byteCount, alignment, zeroed);
        if (block != null && !TryAdd(new BlockRecord((nint)block, (long)byteCount, siteId, stackId, _allocatorId)))
        {
            // What cannot be noted is refused: the figures are right or there is no block.
            Inner.GiveBack(block, byteCount, alignment);
            return null;
        }

        return block;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        bool isKnown = TryRemove(block, out BlockRecord record);
        void* resized = null;
        try
        {
            resized = Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed);
        }
        finally
        {
            if (isKnown)
            {
                _ = TryAdd(resized == null ? record : record with { Address = (nint)resized, ByteCount = (long)newByteCount });
            }
        }

        return resized;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        bool isKnown = TryRemove(block, out BlockRecord record);
        bool isAbandoned = isKnown && AllocationSite.Noted == AllocationSite.Abandoned;
        try
        {
            Inner.GiveBack(block, byteCount, alignment);
        }
        catch (NativeMemoryViolationException) when (isKnown)
        {
            // It was not given back: the block stays in use.
            _ = TryAdd(record);
            throw;
        }

        if (isAbandoned)
        {
            _ledger.FoundAbandoned(record);
        }
    }

    private protected override unsafe void FreeOfOwnerCore(void* block, nuint byteCount, nuint alignment)
    {
        bool isKnown = TryRemove(block, out BlockRecord record);
        bool isAbandoned = isKnown && AllocationSite.Noted == AllocationSite.Abandoned;
        Inner.FreeOfOwner(block, byteCount, alignment);
        if (isAbandoned)
        {
            _ledger.FoundAbandoned(record);
        }
    }

    /// <remarks>
    /// Whoever gets the block frees it by the allocator that the user asked for. So it stays noted where that one is tracked: by
    /// request, and as the default one.
    /// </remarks>
    /// <inheritdoc/>
    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsAmbient)
        {
            return block;
        }

        bool isKnown = TryRemove(block, out BlockRecord record);
        void* released = null;
        try
        {
            released = Inner.Release(block, byteCount, alignment);
        }
        finally
        {
            if (isKnown && (released == null || Behind(Inner) is CachingAllocator))
            {
                _ = TryAdd(record with { Address = (nint)(released == null ? block : released) });
            }
        }

        return released;
    }

    /// <inheritdoc/>
    internal override NativeAllocator ForAdopted
    {
        get
        {
            // Who tracks on request gave the block out itself, or its inner allocator did.
            NativeAllocator inner = IsAmbient ? Inner.ForAdopted : Inner;
            return inner == Inner ? this : _forAdopted ??= new TrackingAllocator(inner, _ledger, IsAmbient);
        }
    }

    /// <remarks>Perhaps a bare block that is noted already: then it is somebody else's from now on.</remarks>
    /// <inheritdoc/>
    internal override unsafe void Adopt(void* block, nuint byteCount)
    {
        Inner.Adopt(block, byteCount);
        _ = TryRemove(block, out _);
        _ = TryAdd(new BlockRecord((nint)block, (long)byteCount, AllocationSite.Noted.Id, _ledger.CaptureStack(), _allocatorId));
    }

    /// <inheritdoc/>
    internal override unsafe void Disown(void* block)
    {
        Inner.Disown(block);
        _ = TryRemove(block, out _);
    }

    private bool TryAdd(in BlockRecord record)
    {
        bool isAdded = _ledger.Registry.TryAdd(record);
        if (isAdded)
        {
            _ledger.Count(record.ByteCount);
        }

        return isAdded;
    }

    private unsafe bool TryRemove(void* block, out BlockRecord record)
    {
        bool isKnown = _ledger.Registry.TryRemove((nint)block, _allocatorId, out record);
        if (isKnown)
        {
            _ledger.Count(-record.ByteCount);
        }

        return isKnown;
    }
}
