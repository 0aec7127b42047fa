using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>The base of allocators whose functions know no alignment: over-aligned blocks lie inside larger ones.</summary>
/// <remarks>
/// The word before an over-aligned block has the address of the larger block. Up to <see cref="Layout.DefaultAlignment"/> a block is the
/// very address that the underlying function returned, so C may free it. An over-aligned block costs up to the alignment plus 8 bytes
/// more. It is faster than <c>aligned_alloc</c> (measured), and can grow in place.
/// </remarks>
internal abstract class OverAligningAllocator(string name) : NativeAllocator(name)
{
    /// <summary>Allocates a block. Returns null, or throws an <see cref="OutOfMemoryException"/>, when memory is exhausted.</summary>
    /// <remarks>The size is at least <see cref="Layout.DefaultAlignment"/> bytes: some allocators align smaller blocks to their size only.</remarks>
    /// <safety>The caller has checked the size. The block has the default alignment, and its bytes may have any value.</safety>
    protected abstract unsafe void* RawAllocate(nuint byteCount);

    /// <summary><see cref="RawAllocate"/> with zeroed bytes.</summary>
    /// <safety>The caller has checked the size. The block has the default alignment.</safety>
    protected virtual unsafe void* RawAllocateZeroed(nuint byteCount)
    {
        void* block = RawAllocate(byteCount);
        if (block != null)
        {
            NativeMemory.Clear(block, byteCount);
        }

        return block;
    }

    /// <summary>Resizes a block, and keeps its contents. Returns null or throws when memory is exhausted, and then the block is unchanged.</summary>
    /// <safety>The block is this allocator's and live, and the caller has checked the sizes. New bytes may have any value.</safety>
    protected abstract unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount);

    /// <summary>Frees a block.</summary>
    /// <safety>The block is this allocator's and live. Its address is not used again.</safety>
    protected abstract unsafe void RawFree(void* block);

    /// <inheritdoc/>
    protected sealed override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        bool isPlain = alignment <= Layout.DefaultAlignment;
        nuint widened = nuint.Max(byteCount, Layout.DefaultAlignment);
        if (!isPlain && !Layout.TryAdd(byteCount, Slack(alignment), out widened))
        {
            return null;
        }

        try
        {
            FailPoint.ThrowIfRefused();
            void* block = zeroed ? RawAllocateZeroed(widened) : RawAllocate(widened);
            return isPlain || block == null ? block : Place(block, alignment);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
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
    protected sealed override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            return alignment <= Layout.DefaultAlignment
                ? RawResize(block, nuint.Max(oldByteCount, 1), nuint.Max(newByteCount, Layout.DefaultAlignment))
                : ResizeInside(block, oldByteCount, newByteCount, alignment);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

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

        // The contents kept their distance from the outer start. Where only pages moved, they are still aligned, and nothing is copied.
        byte* aligned = AlignedWithin(moved, alignment);
        if (aligned != moved + offset)
        {
            nuint kept = nuint.Min(oldByteCount, newByteCount);
            Buffer.MemoryCopy(moved + offset, aligned, kept, kept);
        }

        return Place(moved, alignment);
    }

    private static nuint Slack(nuint alignment) => alignment - 1 + (nuint)IntPtr.Size;

    /// <safety>The outer block has <see cref="Slack"/> bytes more than the inner one, so the result is inside.</safety>
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
