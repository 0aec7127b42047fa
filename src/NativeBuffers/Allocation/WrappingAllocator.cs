using NativeBuffers.Instrumentation;

namespace NativeBuffers.Allocation;

/// <summary>An allocator that stands in front of another: limited, tracked, guarded, faulty.</summary>
internal abstract class WrappingAllocator : NativeAllocator
{
    /// <param name="name">For messages and reports.</param>
    /// <param name="inner">What serves in the end.</param>
    /// <param name="isAmbient">Whether the user did not ask for it here, but for the whole process or flow: then it has the inner one's name.</param>
    protected WrappingAllocator(string name, NativeAllocator inner, bool isAmbient)
        : base(isAmbient ? inner.Name : $"{name}({inner.Name})")
    {
        Inner = inner;
        IsAmbient = isAmbient;
        BlockAlignment = inner.BlockAlignment;
        LivesForever = isAmbient && inner.LivesForever;
        TakesAllocationSites = inner.TakesAllocationSites;
        IsTracked = inner.IsTracked;
        IsGuarded = inner.IsGuarded;
        IsServedByCache = isAmbient && inner.IsServedByCache;
    }

    /// <summary>What serves in the end.</summary>
    public NativeAllocator Inner { get; }

    /// <summary>Whether the user did not ask for it here, but for the whole process or flow.</summary>
    public bool IsAmbient { get; }

    /// <summary>What the user asked for: without what stands in front of it in the whole process or flow.</summary>
    public static NativeAllocator Behind(NativeAllocator allocator)
    {
        while (allocator is WrappingAllocator { IsAmbient: true } wrapping)
        {
            allocator = wrapping.Inner;
        }

        return allocator;
    }

    /// <summary>Whether this allocator, or one that it takes its blocks from, keeps its notes in <paramref name="notes"/>.</summary>
    public static bool KeepsNotesIn(object notes, NativeAllocator allocator)
    {
        while (allocator is WrappingAllocator wrapping && wrapping.Notes != notes)
        {
            allocator = wrapping.Inner;
        }

        return allocator is WrappingAllocator;
    }

    /// <summary>Where it notes its blocks; null if nowhere.</summary>
    internal virtual object? Notes => null;

    internal override bool FailsOnPurpose => Inner.FailsOnPurpose;

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        Inner.Obtain(byteCount, alignment, zeroed);

    protected sealed override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment, zeroed: true);

    protected sealed override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment, zeroed: false);

    /// <summary>Both ways of resizing.</summary>
    /// <safety>As for the other.</safety>
    protected virtual unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed) =>
        Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        Inner.GiveBack(block, byteCount, alignment);

    private protected override unsafe void FreeOfOwnerCore(void* block, nuint byteCount, nuint alignment) =>
        Inner.FreeOfOwner(block, byteCount, alignment);

    internal override unsafe void* ObtainAt(ref nint thread, AllocationSite site, nuint byteCount, nuint alignment, bool zeroed)
    {
        AllocationSite.Note(site);
        try
        {
            return AllocateCore(byteCount, alignment, zeroed);
        }
        finally
        {
            AllocationSite.Forget();
        }
    }

    internal override unsafe void FreeAt(ref nint thread, AllocationSite site, void* block, nuint byteCount, nuint alignment)
    {
        AllocationSite.Note(site);
        try
        {
            FreeOfOwnerCore(block, byteCount, alignment);
        }
        finally
        {
            AllocationSite.Forget();
        }
    }

    /// <summary>The message names the level that refused, as far as there are several; and what the user asked for otherwise.</summary>
    internal override OutOfMemoryException RefusalOf(nuint byteCount) =>
        IsAmbient || Behind(Inner) is WrappingAllocator
            ? Inner.RefusalOf(byteCount)
            : NativeMemoryBudget.BudgetRefusalOf(Inner, byteCount) ?? base.RefusalOf(byteCount);
}
