using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>What allocators share whose functions know no alignment: larger ones are made by hand inside a larger block.</summary>
/// <remarks>
/// A block with an alignment above <see cref="Layout.DefaultAlignment"/> lies inside a larger one, whose address stands
/// in the word before it. Up to that alignment a block is the very address that the underlying function returned, so C
/// may free it. Price: up to the alignment plus 8 bytes more per over-aligned block; measured against
/// <c>aligned_alloc</c> it is faster, and unlike it, it can grow in place.
/// </remarks>
internal abstract class OverAligningAllocator : NativeAllocator
{
    protected OverAligningAllocator(string name)
        : base(name)
    {
    }

    /// <summary>Allocates a block; null when memory is exhausted.</summary>
    /// <remarks>The size is at least <see cref="Layout.DefaultAlignment"/> bytes: some allocators align smaller blocks to their size only.</remarks>
    /// <safety>The size was checked by the caller; the result has the default alignment and, if asked, is zero.</safety>
    protected abstract unsafe void* RawAllocate(nuint byteCount, bool zeroed);

    /// <summary>Resizes a block, and keeps its contents; null when memory is exhausted, and then the block is unchanged.</summary>
    /// <safety>The block is this allocator's and live, and the caller checked the sizes. New bytes may hold anything.</safety>
    protected abstract unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount);

    protected abstract unsafe void RawFree(void* block);

    /// <inheritdoc/>
    protected sealed override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (alignment <= Layout.DefaultAlignment)
        {
            return RawAllocate(nuint.Max(byteCount, Layout.DefaultAlignment), zeroed);
        }

        if (!Layout.TryAdd(byteCount, Slack(alignment), out nuint widened))
        {
            return null;
        }

        void* outer = RawAllocate(widened, zeroed);
        return outer == null ? null : Place(outer, alignment);
    }

    /// <inheritdoc/>
    protected sealed override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        void* resized = ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment);
        if (resized != null)
        {
            new Block(resized, newByteCount).ClearFrom(oldByteCount);
        }

        return resized;
    }

    /// <inheritdoc/>
    protected sealed override unsafe void* ResizeUninitializedCore(
        void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        alignment <= Layout.DefaultAlignment
            ? RawResize(block, nuint.Max(oldByteCount, 1), nuint.Max(newByteCount, Layout.DefaultAlignment))
            : ResizeInside(block, oldByteCount, newByteCount, alignment);

    /// <inheritdoc/>
    protected sealed override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        RawFree(alignment <= Layout.DefaultAlignment ? block : Outer(block));

    /// <safety>The block was made by <see cref="Place"/> with this alignment.</safety>
    private unsafe void* ResizeInside(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        if (!Layout.TryAdd(newByteCount, Slack(alignment), out nuint widened))
        {
            return null;
        }

        byte* outer = (byte*)Outer(block);
        nuint offset = (nuint)((byte*)block - outer);
        byte* moved = (byte*)RawResize(outer, oldByteCount + Slack(alignment), widened);
        if (moved == null)
        {
            return null;
        }

        // The contents came along at their old distance from the outer start. For pages that moved this is still
        // aligned, and nothing is copied.
        byte* aligned = AlignedWithin(moved, alignment);
        if (aligned != moved + offset)
        {
            nuint kept = nuint.Min(oldByteCount, newByteCount);
            Buffer.MemoryCopy(moved + offset, aligned, kept, kept);
        }

        return Place(moved, alignment);
    }

    private static nuint Slack(nuint alignment) => alignment - 1 + (nuint)IntPtr.Size;

    private static unsafe byte* AlignedWithin(void* outer, nuint alignment) =>
        (byte*)(((nuint)outer + Slack(alignment)) & ~(alignment - 1));

    /// <safety>The outer block has <see cref="Slack"/> bytes more than the inner one, so a word fits before it.</safety>
    private static unsafe void* Place(void* outer, nuint alignment)
    {
        byte* aligned = AlignedWithin(outer, alignment);
        ((void**)aligned)[-1] = outer;
        return aligned;
    }

    /// <safety>The block was made by <see cref="Place"/>.</safety>
    private static unsafe void* Outer(void* block) => ((void**)block)[-1];
}
