using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The default allocator: the thread caches over <c>malloc</c>, for callers that want bare blocks.</summary>
/// <remarks>
/// Owners use <see cref="AllocatePath"/> instead, and keep the slot. A bare block is taken out of its slot. When it comes back, on any
/// thread, it is put into a vacant slot: its size class follows from its size.
/// </remarks>
internal sealed class CachingAllocator : NativeAllocator
{
    private CachingAllocator()
        : base("Default")
    {
        IsServedByCache = true;
        BlockAlignment = SizeClasses.Smallest;
        LivesForever = true;
    }

    public static CachingAllocator Instance { get; } = new();

    /// <summary>The instance, or its wrapper for this process or flow.</summary>
    public static NativeAllocator Current => AllocatorHooks.Instrument(Instance);

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsCached(byteCount, alignment))
        {
            NativeAllocator source = BlockSource.LargeFor(byteCount);
            void* large = source.Obtain(byteCount, AlignmentOf(alignment), zeroed);
            if (large == null)
            {
                // The caches perhaps hold the missing memory.
                NativeMemoryCache.Trim();
                large = source.Obtain(byteCount, AlignmentOf(alignment), zeroed);
            }

            return large;
        }

        Slot* slot = AllocatePath.TryTakeCached(byteCount);
        if (slot == null)
        {
            return null;
        }

        void* block = FreePath.Detach(slot);
        if (zeroed)
        {
            CacheLine.Clear((byte*)block, byteCount);
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Resize(block, oldByteCount, newByteCount, alignment, zeroed: true);

    /// <inheritdoc/>
    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Resize(block, oldByteCount, newByteCount, alignment, zeroed: false);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsCached(byteCount, alignment))
        {
            BlockSource.LargeFor(byteCount).GiveBack(block, byteCount, AlignmentOf(alignment));
        }
        else if (!FreePath.TryAttach(block, byteCount))
        {
            BlockSource.Free(block);
        }
    }

    /// <inheritdoc cref="ResizeCore"/>
    private unsafe void* Resize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        bool wasCached = IsCached(oldByteCount, alignment);
        bool isCached = IsCached(newByteCount, alignment);
        if (!wasCached && !isCached && BlockSource.LargeFor(oldByteCount) == BlockSource.LargeFor(newByteCount))
        {
            void* resized = ResizeLarge(block, oldByteCount, newByteCount, alignment, zeroed);
            if (resized == null)
            {
                NativeMemoryCache.Trim();
                resized = ResizeLarge(block, oldByteCount, newByteCount, alignment, zeroed);
            }

            return resized;
        }

        bool fits = wasCached && isCached && SizeClasses.Of(oldByteCount) == SizeClasses.Of(newByteCount);
        void* moved = fits ? block : AllocateCore(newByteCount, alignment, zeroed && !isCached);
        if (moved == null)
        {
            return null;
        }

        if (zeroed && isCached)
        {
            new Block(moved, newByteCount).ClearFrom(oldByteCount);
        }

        if (!fits)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            FreeCore(block, oldByteCount, alignment);
        }

        return moved;
    }

    /// <inheritdoc cref="ResizeCore"/>
    private static unsafe void* ResizeLarge(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed) =>
        BlockSource.LargeFor(newByteCount).TryResize(block, oldByteCount, newByteCount, AlignmentOf(alignment), zeroed);

    private static bool IsCached(nuint byteCount, nuint alignment) =>
        byteCount <= SizeClasses.Largest && alignment <= SizeClasses.Smallest;

    private static nuint AlignmentOf(nuint alignment) => nuint.Max(alignment, SizeClasses.Smallest);
}
