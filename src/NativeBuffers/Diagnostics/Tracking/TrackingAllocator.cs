using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Adds each block to a tracker, and does not change the block.</summary>
/// <remarks>A block is removed before it is freed or resized, because its address may come back at once.</remarks>
internal sealed class TrackingAllocator : WrappingAllocator
{
    private static readonly ConditionalWeakTable<NativeAllocator, TrackingAllocator> s_byInner = [];

    private readonly BlockTracker _tracker;
    private readonly int _allocatorId;
    private TrackingAllocator? _forAdopted;

    private TrackingAllocator(NativeAllocator inner, BlockTracker tracker, AllocatorLayers layer)
        : base("Tracked", inner, layer)
    {
        _tracker = tracker;
        _allocatorId = AllocatorNames.IdOf(inner.Requested);
    }

    /// <summary>The wrapper that a user asked for. The same object for the same inner allocator.</summary>
    public static NativeAllocator Wrap(NativeAllocator inner) =>
        s_byInner.GetValue(inner, static inner => new TrackingAllocator(inner, ProcessTracker.Instance, AllocatorLayers.Tracking));

    /// <summary>The wrapper for the whole process; the allocator itself if the user has wrapped it already.</summary>
    public static NativeAllocator Ambient(NativeAllocator inner) =>
        inner.Layers.HasTracking ? inner : new TrackingAllocator(inner, ProcessTracker.Instance, AllocatorLayers.ProcessTracking);

    /// <summary>The wrapper for a leak scope.</summary>
    public static NativeAllocator InScope(NativeAllocator inner, BlockTracker tracker) => new TrackingAllocator(inner, tracker, AllocatorLayers.LeakScope);

    internal override object Tracker => _tracker;

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (_tracker.HasEnded)
        {
            return Inner.Obtain(byteCount, alignment, zeroed);
        }

        int stackId = _tracker.CaptureStack();
        int siteId = AllocationSite.Noted.Id;
        void* block = Inner.Obtain(byteCount, alignment, zeroed);
        if (block != null && !TryAdd(new LiveBlocks.Record((nint)block, (long)byteCount, siteId, stackId, _allocatorId)))
        {
            // A block that cannot be tracked is refused, so that the figures stay right.
            Inner.GiveBack(block, byteCount, alignment);
            return null;
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        bool isKnown = TryRemove(block, out LiveBlocks.Record record);
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

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        bool isKnown = TryRemove(block, out LiveBlocks.Record record);
        bool isAbandoned = isKnown && AllocationSite.Noted == AllocationSite.Abandoned;
        try
        {
            Inner.GiveBack(block, byteCount, alignment);
        }
        catch (NativeMemoryViolationException) when (isKnown)
        {
            // The guard has refused to free the block, so the block is still live.
            _ = TryAdd(record);
            throw;
        }

        if (isAbandoned)
        {
            _tracker.NoteAbandoned(record);
        }
    }

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment)
    {
        bool isKnown = TryRemove(block, out LiveBlocks.Record record);
        bool isAbandoned = isKnown && AllocationSite.Noted == AllocationSite.Abandoned;
        Inner.FreeOfOwner(block, byteCount, alignment);
        if (isAbandoned)
        {
            _tracker.NoteAbandoned(record);
        }
    }

    /// <remarks>
    /// The new owner frees the block by the allocator that the user asked for. So the block stays tracked if that allocator is: by
    /// request, or as the default one.
    /// </remarks>
    /// <inheritdoc/>
    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        if (!Layer.IsAmbient)
        {
            return block;
        }

        bool isKnown = TryRemove(block, out LiveBlocks.Record record);
        void* released = null;
        try
        {
            released = Inner.Release(block, byteCount, alignment);
        }
        finally
        {
            if (isKnown && (released == null || Inner.Requested is CachingAllocator))
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
            // A wrapper that the user asked for has handed out the block itself, or its inner allocator has.
            NativeAllocator inner = Layer.IsAmbient ? Inner.ForAdopted : Inner;
            return inner == Inner ? this : _forAdopted ??= new TrackingAllocator(inner, _tracker, Layer);
        }
    }

    /// <remarks>A bare block may be tracked already. From now on it is tracked as the owner's.</remarks>
    /// <inheritdoc/>
    internal override unsafe void Adopt(void* block, nuint byteCount)
    {
        Inner.Adopt(block, byteCount);
        _ = TryRemove(block, out _);
        _ = TryAdd(new LiveBlocks.Record((nint)block, (long)byteCount, AllocationSite.Noted.Id, _tracker.CaptureStack(), _allocatorId));
    }

    /// <inheritdoc/>
    internal override unsafe void Disown(void* block)
    {
        Inner.Disown(block);
        _ = TryRemove(block, out _);
    }

    private bool TryAdd(in LiveBlocks.Record record)
    {
        bool isAdded = _tracker.Blocks.TryAdd(record);
        if (isAdded)
        {
            _tracker.Count(record.ByteCount);
        }

        return isAdded;
    }

    /// <safety>The pointer may be any: its address is compared, and not followed.</safety>
    private unsafe bool TryRemove(void* block, out LiveBlocks.Record record)
    {
        bool isKnown = _tracker.Blocks.TryRemove((nint)block, _allocatorId, out record);
        if (isKnown)
        {
            _tracker.Count(-record.ByteCount);
        }

        return isKnown;
    }
}
