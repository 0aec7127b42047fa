using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>An allocator that calls C functions: those of another allocator, or a C library's own pair.</summary>
internal sealed class FunctionsAllocator : OverAligningAllocator
{
    private readonly unsafe delegate* unmanaged<nuint, void*> _allocate;
    private readonly unsafe delegate* unmanaged<void*, nuint, void*> _resize;
    private readonly unsafe delegate* unmanaged<void*, void> _free;

    /// <summary>An allocator over these functions; <paramref name="resize"/> may be null.</summary>
    /// <safety>The functions keep the C library's rules for <c>malloc</c>, <c>realloc</c> and <c>free</c>, and stay loaded.</safety>
    public unsafe FunctionsAllocator(
        string name,
        delegate* unmanaged<nuint, void*> allocate,
        delegate* unmanaged<void*, nuint, void*> resize,
        delegate* unmanaged<void*, void> free)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(allocate);
        ArgumentNullException.ThrowIfNull(free);
        _allocate = allocate;
        _resize = resize;
        _free = free;
        IsCustom = true;
    }

    /// <summary>The function that tells the size of a block; null if there is none.</summary>
    /// <safety>It gets blocks of this allocator that are live.</safety>
    public unsafe delegate* unmanaged<void*, nuint> SizeFunction { get; init; }

    /// <summary>Whether the allocator has no function that allocates, so that its refusals say that.</summary>
    public bool OnlyFrees { get; init; }

    /// <summary>For <c>NativeAllocator.FromFree</c>, in place of a function that allocates.</summary>
    /// <returns>Null.</returns>
    /// <safety>Nothing is followed.</safety>
    [UnmanagedCallersOnly]
    public static unsafe void* AllocateNothing(nuint byteCount) => null;

    /// <summary>The bytes that a block has at most. Other functions know nothing of these blocks, not even that of the C library.</summary>
    /// <safety>The block is this allocator's and live.</safety>
    public unsafe nuint ByteCountOf(void* block) => SizeFunction != null && SizeFunction(block) is > 0 and var byteCount ? byteCount : nuint.MaxValue;

    /// <inheritdoc/>
    internal override OutOfMemoryException RefusalOf(nuint byteCount) =>
        OnlyFrees ? ThrowHelper.OnlyFrees(this) : base.RefusalOf(byteCount);

    /// <inheritdoc/>
    /// <remarks>The functions are called from here without further calls: they are C code, which throws no exceptions.</remarks>
    internal override unsafe void* ObtainForOwner(nuint byteCount, bool zeroed)
    {
        if (FailPoint.IsRefused)
        {
            return null;
        }

        nuint widened = nuint.Max(byteCount, Layout.DefaultAlignment);
        void* block = ReturnedBlock.Allocated(this, _allocate(widened), widened, Layout.DefaultAlignment);
        if (zeroed && block != null)
        {
            NativeMemory.Clear(block, widened);
        }

        return block;
    }

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment)
    {
        if (alignment <= Layout.DefaultAlignment)
        {
            _free(block);
        }
        else
        {
            base.FreeOfOwner(block, byteCount, alignment);
        }
    }

    /// <inheritdoc/>
    protected override unsafe void* RawAllocate(nuint byteCount) =>
        ReturnedBlock.Allocated(this, _allocate(byteCount), byteCount, Layout.DefaultAlignment);

    /// <inheritdoc/>
    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount)
    {
        if (_resize != null)
        {
            // A result at a wrong alignment is moved by the caller, or by the code for over-aligned blocks.
            void* resized = _resize(block, newByteCount);
            ReturnedBlock.ThrowIfOutside(this, resized, newByteCount);
            return resized;
        }

        void* moved = RawAllocate(newByteCount);
        if (moved != null)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            _free(block);
        }

        return moved;
    }

    /// <inheritdoc/>
    protected override unsafe void RawFree(void* block) => _free(block);
}
