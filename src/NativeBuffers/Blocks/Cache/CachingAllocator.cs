using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The default allocator: the thread caches over <c>malloc</c>, for callers that want bare blocks.</summary>
/// <remarks>
/// Owners do not come through here: they keep the slot, and with it the generation. A bare block is taken out of its
/// slot, and put into any vacant one when it comes back, from whichever thread: its size class follows from its size.
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

    /// <summary>The instance, or what stands in front of it for this process or flow.</summary>
    public static NativeAllocator Current => AllocatorHooks.Over(Instance);

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsCached(byteCount, alignment))
        {
            NativeAllocator behind = LargeBlocks.For(byteCount);
            void* large = behind.Obtain(byteCount, AlignmentBehind(alignment), zeroed);
            if (large == null)
            {
                // Perhaps the caches hold what is missing here.
                NativeMemoryCache.Trim();
                large = behind.Obtain(byteCount, AlignmentBehind(alignment), zeroed);
            }

            return large;
        }

        Slot* slot = AllocateSlowPath.TryTake(byteCount);
        if (slot == null)
        {
            return null;
        }

        void* block = FreeSlowPath.Detach(slot);
        if (zeroed)
        {
            CacheLine.Clear((byte*)block, byteCount);
        }

        return block;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Resize(block, oldByteCount, newByteCount, alignment, zeroed: true);

    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Resize(block, oldByteCount, newByteCount, alignment, zeroed: false);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsCached(byteCount, alignment))
        {
            LargeBlocks.For(byteCount).GiveBack(block, byteCount, AlignmentBehind(alignment));
        }
        else if (!FreeSlowPath.TryAttach(block, byteCount))
        {
            BlockSource.Free(block);
        }
    }

    private unsafe void* Resize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        bool wasCached = IsCached(oldByteCount, alignment);
        bool isCached = IsCached(newByteCount, alignment);
        if (!wasCached && !isCached && LargeBlocks.For(oldByteCount) == LargeBlocks.For(newByteCount))
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

    private static unsafe void* ResizeLarge(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed) =>
        LargeBlocks.For(newByteCount).TryResize(block, oldByteCount, newByteCount, AlignmentBehind(alignment), zeroed);

    private static bool IsCached(nuint byteCount, nuint alignment) =>
        byteCount <= SizeClasses.Largest && alignment <= SizeClasses.Smallest;

    private static nuint AlignmentBehind(nuint alignment) => nuint.Max(alignment, SizeClasses.Smallest);
}
