using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>The layer before each allocator while <see cref="FaultInjection"/> runs a body.</summary>
/// <remarks>A block that outlives its run is freed through this layer, too. The run then ignores it.</remarks>
internal sealed class FaultRunAllocator : WrappingAllocator
{
    private readonly FaultRun _run;
    private readonly bool _isOfDefault;

    public FaultRunAllocator(NativeAllocator inner, FaultRun run)
        : base("FaultRun", inner, AllocatorLayers.FaultRun)
    {
        _run = run;
        _isOfDefault = inner.Requested is CachingAllocator;
    }

    /// <remarks>A guard leaves the list, and this layer does not: the block may have come from here.</remarks>
    /// <inheritdoc/>
    internal override NativeAllocator ForAdopted =>
        ReferenceEquals(Inner.ForAdopted, Inner) ? this : new FaultRunAllocator(Inner.ForAdopted, _run);

    /// <inheritdoc/>
    internal override object Tracker => _run;

    /// <inheritdoc/>
    internal override unsafe void Adopt(void* block, nuint byteCount) => Inner.Adopt(block, byteCount);

    /// <inheritdoc/>
    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        void* released = Inner.Release(block, byteCount, alignment);
        if (released != null)
        {
            _ = _run.Take((nint)block);
        }

        return released;
    }

    /// <inheritdoc/>
    internal override unsafe void Disown(void* block)
    {
        Inner.Disown(block);
        _ = _run.Take((nint)block);
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        int number = _run.Ask(byteCount);
        void* block = number == 0 ? null : base.AllocateCore(byteCount, alignment, zeroed);
        if (block != null)
        {
            _run.Give((nint)block, number, _isOfDefault);
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        if (!MayResize(oldByteCount, newByteCount))
        {
            return null;
        }

        // The block is not noted while it is resized: another block may get its address before the call returns.
        int number = _run.Take((nint)block);
        void* resized = null;
        try
        {
            resized = base.ResizeCore(block, oldByteCount, newByteCount, alignment, zeroed);
        }
        finally
        {
            _run.Give((nint)(resized == null ? block : resized), number, _isOfDefault);
        }

        return resized;
    }

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        int number = NoteFreed(block);
        try
        {
            base.FreeCore(block, byteCount, alignment);
        }
        catch (NativeMemoryViolationException)
        {
            // The guard did not free the block, which stays in use.
            _run.Give((nint)block, number, _isOfDefault);
            throw;
        }
    }

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment)
    {
        _ = NoteFreed(block);
        Inner.FreeOfOwner(block, byteCount, alignment);
    }

    /// <summary>Counts a resize as an allocation, also to a smaller size, because it may need another block.</summary>
    private bool MayResize(nuint oldByteCount, nuint newByteCount) => oldByteCount == newByteCount || _run.Ask(newByteCount) != 0;

    /// <summary>Removes a block before it is freed, because another block may get its address at once.</summary>
    /// <safety>The address is not followed, so any is allowed.</safety>
    private unsafe int NoteFreed(void* block)
    {
        int number = _run.Take((nint)block);
        if (AllocationSite.Noted == AllocationSite.Abandoned)
        {
            _run.NoteAbandoned(number);
        }

        return number;
    }
}
