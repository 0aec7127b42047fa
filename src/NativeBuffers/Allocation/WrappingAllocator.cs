using NativeBuffers.Instrumentation;

namespace NativeBuffers.Allocation;

/// <summary>The base of layers: passes all requests on to another allocator. <see cref="AllocatorLayers"/> has their order.</summary>
internal abstract class WrappingAllocator : NativeAllocator
{
    /// <param name="name">The kind of layer, for messages and reports. An ambient layer has the name of the inner allocator.</param>
    /// <param name="inner">The allocator that serves the requests.</param>
    /// <param name="layer">The place among all layers.</param>
    protected WrappingAllocator(string name, NativeAllocator inner, AllocatorLayers layer)
        : base(layer.IsAmbient ? inner.Name : $"{name}({inner.Name})", inner, layer)
    {
    }

    /// <summary>The object that notes the blocks of this layer; null if it notes none.</summary>
    internal virtual object? Tracker => null;

    /// <summary>Whether an allocator, or a layer after it, keeps its blocks in <paramref name="tracker"/>.</summary>
    public static bool IsTrackedBy(object tracker, NativeAllocator allocator)
    {
        while (allocator is WrappingAllocator wrapping && wrapping.Tracker != tracker)
        {
            allocator = wrapping.Inner;
        }

        return allocator is WrappingAllocator;
    }

    /// <summary>The message names the layer that refused if there are several, and otherwise the allocator that the program asked for.</summary>
    internal override OutOfMemoryException RefusalOf(nuint byteCount) =>
        Layer.IsAmbient || Inner.Requested is WrappingAllocator ? Inner.RefusalOf(byteCount) : base.RefusalOf(byteCount);

    /// <summary>Allocates for an owner that knows its allocation site, and has not noted it.</summary>
    /// <remarks>The thread state is a handle of this layer, or 0. The cache of the thread frees it when the thread has ended.</remarks>
    /// <safety>The caller has checked the size and the alignment. Only this layer writes the thread state, which was 0 at first.</safety>
    internal virtual unsafe void* ObtainAt(ref nint threadState, AllocationSite site, nuint byteCount, nuint alignment, bool zeroed)
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

    /// <summary><see cref="NativeAllocator.FreeOfOwner"/> for an owner that knows its site, and has not noted it.</summary>
    /// <inheritdoc cref="ObtainAt" path="/remarks"/>
    /// <safety>The block is this allocator's and live, and has this size and alignment. The handle is as in <see cref="ObtainAt"/>.</safety>
    internal virtual unsafe void FreeAt(ref nint threadState, AllocationSite site, void* block, nuint byteCount, nuint alignment)
    {
        AllocationSite.Note(site);
        try
        {
            FreeOfOwner(block, byteCount, alignment);
        }
        finally
        {
            AllocationSite.Forget();
        }
    }

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment) => Inner.FreeOfOwner(block, byteCount, alignment);

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => Inner.Obtain(byteCount, alignment, zeroed);

    /// <inheritdoc/>
    protected sealed override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment, zeroed: true);

    /// <inheritdoc/>
    protected sealed override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment, zeroed: false);

    /// <summary>Both ways to resize.</summary>
    /// <inheritdoc cref="ResizeCore(void*, nuint, nuint, nuint)" path="/remarks"/>
    /// <safety>The block is this allocator's and live, and the caller has checked the sizes and the alignment.</safety>
    protected virtual unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed) =>
        Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => Inner.GiveBack(block, byteCount, alignment);
}
