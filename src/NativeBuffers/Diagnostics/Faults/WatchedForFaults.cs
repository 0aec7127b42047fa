using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>Stands in front of an allocator while <see cref="FaultInjection"/> runs a body.</summary>
/// <remarks>Blocks keep it: those that outlive their run are given back through it, which then does not concern anybody.</remarks>
internal sealed class WatchedForFaults : WrappingAllocator
{
    private readonly FaultRun _run;
    private readonly bool _isOfDefault;

    public WatchedForFaults(NativeAllocator inner, FaultRun run)
        : base("WatchedForFaults", inner, AllocatorLayers.FaultRun)
    {
        _run = run;
        _isOfDefault = inner.Requested is CachingAllocator;
    }

    /// <remarks>Guards step aside, and this does not: the block may have come from here.</remarks>
    internal override NativeAllocator ForAdopted =>
        ReferenceEquals(Inner.ForAdopted, Inner) ? this : new WatchedForFaults(Inner.ForAdopted, _run);

    internal override object Notes => _run;

    internal override unsafe void Adopt(void* block, nuint byteCount) => Inner.Adopt(block, byteCount);

    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        void* released = Inner.Release(block, byteCount, alignment);
        if (released != null)
        {
            _ = _run.Take((nint)block);
        }

        return released;
    }

    internal override unsafe void Disown(void* block)
    {
        Inner.Disown(block);
        _ = _run.Take((nint)block);
    }

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

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        if (!MayResize(oldByteCount, newByteCount))
        {
            return null;
        }

        // While it is resized it is not noted: its place may be somebody else's before this returns.
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

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        int number = NoteFreed(block);
        try
        {
            base.FreeCore(block, byteCount, alignment);
        }
        catch (NativeMemoryViolationException)
        {
            // It was not given back: the block stays in use.
            _run.Give((nint)block, number, _isOfDefault);
            throw;
        }
    }

    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment)
    {
        _ = NoteFreed(block);
        Inner.FreeOfOwner(block, byteCount, alignment);
    }

    /// <summary>A resize counts as an allocation, also to a smaller size: that may need another block.</summary>
    private bool MayResize(nuint oldByteCount, nuint newByteCount) => oldByteCount == newByteCount || _run.Ask(newByteCount) != 0;

    /// <summary>Before it is freed: right after, somebody else may have one there.</summary>
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
