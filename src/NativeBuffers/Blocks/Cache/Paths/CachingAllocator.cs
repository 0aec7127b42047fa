using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The default allocator: the caches over <c>malloc</c> and over whole pages, for callers that want bare blocks.</summary>
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
    /// <remarks>
    /// A thread that works for a flow finds no runs, so one look-up of the thread answers both questions. The JIT moves this look-up out of loops,
    /// because all of their turns begin with it.
    /// </remarks>
    public static NativeAllocator Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: the pointer is compared, not followed.
                return BareBins.Mine != null && !InstrumentationSwitch.IsOn ? Instance : AllocatorHooks.Instrument(Instance);
            }
        }
    }

    /// <summary>The shortest path of a bare block, inlined: null if an allocator is another one, and in all cases that are not usual.</summary>
    /// <remarks>No hook is asked: a thread that works for a flow finds no runs, and <see cref="Current"/> is another allocator in an instrumented process.</remarks>
    /// <safety>The block is the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* TryTakeHere(NativeAllocator allocator, nuint byteCount, nuint alignment, bool zeroed)
    {
        void* block = allocator == Instance && alignment <= SizeClasses.Smallest && nuint.IsPow2(alignment) ? BarePath.TryTakeHere(byteCount) : null;
        if (zeroed && block != null)
        {
            CacheLine.Clear((byte*)block, byteCount);
        }

        return block;
    }

    /// <summary>Frees a bare block of this allocator, inlined: on the shortest path in the usual case. Null is ignored.</summary>
    /// <safety>The caller gives up the block, which is null, or has this size and alignment.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void FreeBare(void* block, nuint byteCount, nuint alignment, string? file, int line)
    {
        bool isUsual = block != null && BlockRun.Holds(byteCount) && alignment <= SizeClasses.Smallest && !AllocatorHooks.HearsBareFrees;
        if (!isUsual || !BarePath.TryGiveHere(block))
        {
            AllocatorHooks.FreeBare(Instance, block, byteCount, alignment, file, line);
        }
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (IsOverAligned(byteCount, alignment))
        {
            NativeAllocator source = BlockSource.OverAligned(byteCount);
            void* block = source.Obtain(byteCount, alignment, zeroed);
            if (block == null)
            {
                // The caches perhaps hold the missing memory.
                Upkeep.Trim();
                block = source.Obtain(byteCount, alignment, zeroed);
            }

            return block;
        }

        if (BlockRun.Holds(byteCount))
        {
            return BarePath.TryTake(byteCount, zeroed);
        }

        Slot* slot = byteCount > SizeClasses.Largest
            ? LargePath.TryTake(byteCount, zeroed, nuint.Max(alignment, SizeClasses.Smallest))
            : AllocatePath.TryTakePlain(byteCount, zeroed);
        return slot == null ? null : FreePath.Detach(slot);
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
        if (IsOverAligned(byteCount, alignment))
        {
            BlockSource.OverAligned(byteCount).GiveBack(block, byteCount, alignment);
        }
        else if (BlockRun.Holds(byteCount))
        {
            BarePath.Give(block);
        }
        else if (byteCount > SizeClasses.Largest)
        {
            if (!LargePath.TryAttach(block, byteCount))
            {
                PageSource.FreeBlock(block, byteCount);
            }
        }
        else if (!FreePath.TryAttach(block, byteCount))
        {
            BlockSource.Free(block, SizeClasses.Of(byteCount));
        }
    }

    /// <inheritdoc cref="ResizeCore"/>
    private unsafe void* Resize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        bool wasOverAligned = IsOverAligned(oldByteCount, alignment);
        bool isOverAligned = IsOverAligned(newByteCount, alignment);
        bool wasLarge = oldByteCount > SizeClasses.Largest;
        bool isLarge = newByteCount > SizeClasses.Largest;
        if (wasLarge == isLarge && (wasOverAligned || isOverAligned))
        {
            void* resized = ResizeOverAligned(block, oldByteCount, newByteCount, alignment, zeroed);
            if (resized == null)
            {
                Upkeep.Trim();
                resized = ResizeOverAligned(block, oldByteCount, newByteCount, alignment, zeroed);
            }

            return resized;
        }

        if (wasLarge && isLarge)
        {
            return ResizeLarge(block, oldByteCount, newByteCount, zeroed);
        }

        bool isCached = !isLarge && !isOverAligned;
        bool fits = !wasLarge && isCached && SizeClasses.Of(oldByteCount) == SizeClasses.Of(newByteCount);
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
    private static unsafe void* ResizeOverAligned(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed) =>
        BlockSource.OverAligned(newByteCount).TryResize(block, oldByteCount, newByteCount, alignment, zeroed);

    /// <inheritdoc cref="ResizeCore"/>
    private static unsafe void* ResizeLarge(void* block, nuint oldByteCount, nuint newByteCount, bool zeroed)
    {
        nuint hadBytes = LargeSizes.RoundUp(oldByteCount);
        void* resized = PageSource.TryResize(block, hadBytes, newByteCount);
        if (resized != null && zeroed)
        {
            new Block(resized, nuint.Min(hadBytes, newByteCount)).ClearFrom(oldByteCount);
        }

        return resized;
    }

    /// <summary>Whether neither the caches nor the large blocks have this alignment.</summary>
    private static bool IsOverAligned(nuint byteCount, nuint alignment) =>
        alignment > (byteCount > SizeClasses.Largest ? SystemMemory.PageSize : SizeClasses.Smallest);
}
