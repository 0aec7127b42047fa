namespace NativeBuffers.Diagnostics.Faults;

/// <summary>Stands in front of an allocator while <see cref="FaultInjection"/> runs a body.</summary>
/// <remarks>Blocks keep it: those that outlive their run are given back through it, which then does not concern anybody.</remarks>
internal sealed class WatchedForFaults : WrappingAllocator
{
    private readonly FaultWatch _watch;

    public WatchedForFaults(NativeAllocator inner, FaultWatch watch)
        : base("WatchedForFaults", inner, isAmbient: true)
    {
        _watch = watch;
        LivesForever = false;
    }

    /// <remarks>Guards step aside, and this does not: the block may have come from here.</remarks>
    internal override NativeAllocator ForAdopted =>
        ReferenceEquals(Inner.ForAdopted, Inner) ? this : new WatchedForFaults(Inner.ForAdopted, _watch);

    internal override unsafe void Adopt(void* block, nuint byteCount) => Inner.Adopt(block, byteCount);

    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        void* released = Inner.Release(block, byteCount, alignment);
        if (released != null)
        {
            _watch.Run.Take((nint)block);
        }

        return released;
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        FaultRun run = _watch.Run;
        int number = run.Ask(byteCount);
        void* block = number == 0 ? null : base.AllocateCore(byteCount, alignment, zeroed);
        if (block != null)
        {
            run.Give((nint)block, number);
        }

        return block;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        MayResize(oldByteCount, newByteCount)
            ? Moved(block, base.ResizeCore(block, oldByteCount, newByteCount, alignment))
            : null;

    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        MayResize(oldByteCount, newByteCount)
            ? Moved(block, base.ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment))
            : null;

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        // Before it is freed: right after, somebody else may have one there.
        _watch.Run.Take((nint)block);
        base.FreeCore(block, byteCount, alignment);
    }

    private protected override unsafe void FreeOfOwnerCore(void* block, nuint byteCount, nuint alignment)
    {
        _watch.Run.Take((nint)block);
        Inner.FreeOfOwner(block, byteCount, alignment);
    }

    /// <summary>A resize counts as an allocation, also to a smaller size: that may need another block.</summary>
    private bool MayResize(nuint oldByteCount, nuint newByteCount) => oldByteCount == newByteCount || _watch.Run.Ask(newByteCount) != 0;

    private unsafe void* Moved(void* block, void* moved)
    {
        if (moved != null && moved != block)
        {
            _watch.Run.Move((nint)block, (nint)moved);
        }

        return moved;
    }
}
