using NativeBuffers.Caches;
using NativeBuffers.Raw;

namespace NativeBuffers;

/// <summary>The default allocator: the thread caches over <c>malloc</c>, for callers that want bare blocks.</summary>
/// <remarks>
/// Owners do not come through here: they keep the slot, and with it the generation. A bare block is taken out of its
/// slot, and put into any vacant one when it comes back, from whichever thread: its size class follows from its size.
/// </remarks>
internal sealed class CachingAllocator : NativeAllocator
{
    private CachingAllocator()
        : base("Default") => IsServedByCache = true;

    public static CachingAllocator Instance { get; } = new();

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsCached(byteCount, alignment))
        {
            void* large = Behind.TryAllocate(byteCount, AlignmentBehind(alignment), zeroed);
            if (large == null)
            {
                // Perhaps the caches hold what is missing here.
                NativeMemoryCache.Trim();
                large = Behind.TryAllocate(byteCount, AlignmentBehind(alignment), zeroed);
            }

            return large;
        }

        Slot* slot = Refill.TryTake(byteCount);
        if (slot == null)
        {
            return null;
        }

        void* block = Overflow.Detach(slot);
        if (zeroed)
        {
            CacheLine.Clear((byte*)block, byteCount);
        }

        return block;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        bool wasCached = IsCached(oldByteCount, alignment);
        bool isCached = IsCached(newByteCount, alignment);
        if (!wasCached && !isCached)
        {
            void* resized = Behind.TryResize(block, oldByteCount, newByteCount, AlignmentBehind(alignment));
            if (resized == null)
            {
                NativeMemoryCache.Trim();
                resized = Behind.TryResize(block, oldByteCount, newByteCount, AlignmentBehind(alignment));
            }

            return resized;
        }

        if (wasCached && isCached && SizeClasses.Of(oldByteCount) == SizeClasses.Of(newByteCount))
        {
            new Block(block, newByteCount).ClearFrom(oldByteCount);
            return block;
        }

        return base.ResizeCore(block, oldByteCount, newByteCount, alignment);
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsCached(byteCount, alignment))
        {
            Behind.Free(block, byteCount, AlignmentBehind(alignment));
        }
        else if (!Overflow.TryAttach(block, byteCount))
        {
            BlockSource.Free(block);
        }
    }

    private static NativeAllocator Behind => MallocAllocator.Instance;

    private static bool IsCached(nuint byteCount, nuint alignment) =>
        byteCount <= SizeClasses.Largest && alignment <= SizeClasses.Smallest;

    private static nuint AlignmentBehind(nuint alignment) => nuint.Max(alignment, SizeClasses.Smallest);
}
