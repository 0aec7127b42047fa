using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>A table of C functions: another allocator, or a C library's own pair.</summary>
internal sealed class FunctionsAllocator : OverAligningAllocator
{
    private readonly unsafe delegate* unmanaged<nuint, void*> _allocate;
    private readonly unsafe delegate* unmanaged<void*, nuint, void*> _resize;
    private readonly unsafe delegate* unmanaged<void*, void> _free;

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
        IsForeign = true;
    }

    protected override unsafe void* RawAllocate(nuint byteCount, bool zeroed)
    {
        void* block = ReturnedBlock.Allocated(this, _allocate(byteCount), byteCount, Layout.DefaultAlignment);
        if (zeroed && block != null)
        {
            NativeMemory.Clear(block, byteCount);
        }

        return block;
    }

    protected override unsafe void* RawResize(void* block, nuint oldByteCount, nuint newByteCount)
    {
        if (_resize != null)
        {
            // At another alignment the caller moves it, or makes a larger one by hand in it.
            void* resized = _resize(block, newByteCount);
            ReturnedBlock.ThrowIfOutside(this, resized, newByteCount);
            return resized;
        }

        void* moved = RawAllocate(newByteCount, zeroed: false);
        if (moved != null)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            _free(block);
        }

        return moved;
    }

    protected override unsafe void RawFree(void* block) => _free(block);
}
