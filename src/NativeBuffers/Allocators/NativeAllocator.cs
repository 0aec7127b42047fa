using NativeBuffers.Caches;
using NativeBuffers.Raw;

namespace NativeBuffers;

/// <summary>Where blocks come from: allocate, resize, free.</summary>
/// <remarks>
/// <para>Every owner takes an optional allocator; without one it uses <see cref="Default"/>. An owner remembers which
/// allocator its block came from, so that the free always matches.</para>
/// <para>All allocators may be used from all threads, and a block may be freed on another thread than the one that
/// allocated it. Those that this library provides live as long as the process.</para>
/// <para>To add one, derive from this class and let it join the contract suite in the tests: one line.</para>
/// <code>
/// using var page = NativeBuffer.Create&lt;byte&gt;(4096, NativeAllocator.Aligned(4096));
/// </code>
/// </remarks>
public abstract class NativeAllocator
{
    /// <summary>Names the allocator.</summary>
    /// <param name="name">For messages and reports.</param>
    protected NativeAllocator(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>A cache of blocks for each thread, over <see cref="Malloc"/>; what owners use unless told otherwise.</summary>
    public static NativeAllocator Default => CachingAllocator.Instance;

    /// <summary>The C library's <c>malloc</c>, <c>calloc</c>, <c>realloc</c> and <c>free</c>.</summary>
    public static NativeAllocator Malloc => MallocAllocator.Instance;

    /// <summary><see cref="System.Runtime.InteropServices.Marshal.AllocHGlobal(nint)"/> and its partners.</summary>
    public static NativeAllocator HGlobal => HGlobalAllocator.Instance;

    /// <summary><see cref="System.Runtime.InteropServices.Marshal.AllocCoTaskMem"/> and its partners: COM's task memory.</summary>
    public static NativeAllocator CoTaskMem => CoTaskMemAllocator.Instance;

    /// <summary>Whole pages straight from the operating system, zero when fresh; growth moves pages and not bytes on Linux.</summary>
    public static NativeAllocator Pages => PagesAllocator.Instance;

    /// <summary>Pinned arrays: memory that the garbage collector knows, counts and owns.</summary>
    public static NativeAllocator PinnedHeap => PinnedHeapAllocator.Instance;

    /// <summary>For messages and reports.</summary>
    public string Name { get; }

    /// <summary>Whether owners may take blocks from the thread cache, which have all that this allocator's have.</summary>
    internal bool IsServedByCache { get; private protected init; }

    /// <summary>An allocator whose every block starts at a multiple of <paramref name="alignment"/> bytes.</summary>
    /// <param name="alignment">A power of two, in bytes; for example 64 for a cache line or a vector register.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alignment"/> is not a power of two.</exception>
    public static NativeAllocator Aligned(int alignment) => AlignedAllocator.For(alignment);

    /// <summary>An allocator over a pair (or three) of C functions: mimalloc, jemalloc, or a C library's own.</summary>
    /// <param name="name">For messages and reports.</param>
    /// <param name="allocate">Like <c>malloc</c>: byte count in, block aligned to 16 bytes out, or null.</param>
    /// <param name="resize">Like <c>realloc</c>; or null, and growth copies.</param>
    /// <param name="free">Like <c>free</c>.</param>
    /// <safety>The functions keep the C library's rules for <c>malloc</c>, <c>realloc</c> and <c>free</c>, may be called
    /// from any thread, and stay loaded for as long as the allocator or a block of it is used.</safety>
    /// <exception cref="ArgumentNullException"><paramref name="allocate"/> or <paramref name="free"/> is null.</exception>
    public static unsafe NativeAllocator FromFunctions(
        string name,
        delegate* unmanaged<nuint, void*> allocate,
        delegate* unmanaged<void*, nuint, void*> resize,
        delegate* unmanaged<void*, void> free) =>
        new FunctionsAllocator(name, allocate, resize, free);

    /// <summary>A block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <returns>The block, never null. The caller owns it and gives it back to <see cref="Free"/>.</returns>
    /// <safety>Touch no byte outside the block, and none after it was freed or resized.</safety>
    /// <exception cref="ArgumentOutOfRangeException">The size or the alignment cannot be one.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public unsafe void* Allocate(nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        OrThrow(TryAllocate(byteCount, alignment, zeroed: true), byteCount);

    /// <summary>As <see cref="Allocate"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate" path="/param|/returns|/safety|/exception"/>
    public unsafe void* AllocateUninitialized(nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        OrThrow(TryAllocate(byteCount, alignment, zeroed: false), byteCount);

    /// <summary>A block, or null when memory is exhausted.</summary>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <param name="zeroed">Whether every byte must be zero.</param>
    /// <safety>Touch no byte outside the block, and none after it was freed or resized.</safety>
    /// <exception cref="ArgumentOutOfRangeException">The size or the alignment cannot be one.</exception>
    public unsafe void* TryAllocate(nuint byteCount, nuint alignment, bool zeroed)
    {
        Layout.ThrowIfTooLarge(byteCount);
        Layout.ThrowIfNotAlignment(alignment);
        return AllocateCore(byteCount, alignment, zeroed);
    }

    /// <summary>Makes a block larger or smaller, in place if it can; contents are kept and new bytes are zero.</summary>
    /// <param name="block">A block of this allocator.</param>
    /// <param name="oldByteCount">The size it was allocated or last resized with, in bytes.</param>
    /// <param name="newByteCount">The size to have, in bytes.</param>
    /// <param name="alignment">The alignment it was allocated with, in bytes; the result has it too.</param>
    /// <returns>The block at its new place, never null. The old address must not be used again.</returns>
    /// <safety>The block is this allocator's, live, and was allocated with these sizes.</safety>
    /// <exception cref="ArgumentOutOfRangeException">The size or the alignment cannot be one.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the old block is as it was.</exception>
    public unsafe void* Resize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment) =>
        OrThrow(TryResize(block, oldByteCount, newByteCount, alignment), newByteCount);

    /// <summary>As <see cref="Resize"/>, but null when memory is exhausted; the old block is then as it was.</summary>
    /// <inheritdoc cref="Resize" path="/param|/safety"/>
    /// <exception cref="ArgumentOutOfRangeException">The size or the alignment cannot be one.</exception>
    public unsafe void* TryResize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment)
    {
        ArgumentNullException.ThrowIfNull(block);
        Layout.ThrowIfTooLarge(newByteCount);
        Layout.ThrowIfNotAlignment(alignment);
        return ResizeCore(block, oldByteCount, newByteCount, alignment);
    }

    /// <summary>As <see cref="TryResize"/>, with new bytes that may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="TryResize" path="/param|/safety|/exception"/>
    /// <returns>The block at its new place, or null when memory is exhausted.</returns>
    public unsafe void* TryResizeUninitialized(
        void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment)
    {
        ArgumentNullException.ThrowIfNull(block);
        Layout.ThrowIfTooLarge(newByteCount);
        Layout.ThrowIfNotAlignment(alignment);
        return ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment);
    }

    /// <summary>Gives a block back; null is ignored, as C does.</summary>
    /// <param name="block">A block of this allocator, or null.</param>
    /// <param name="byteCount">The size it was allocated or last resized with, in bytes.</param>
    /// <param name="alignment">The alignment it was allocated with, in bytes.</param>
    /// <safety>The block is this allocator's, live, was allocated with these sizes, and no copy of the address is used again.</safety>
    public unsafe void Free(void* block, nuint byteCount, nuint alignment = Layout.DefaultAlignment)
    {
        if (block != null)
        {
            FreeCore(block, byteCount, alignment);
        }
    }

    /// <summary>The allocator's name.</summary>
    public override string ToString() => Name;

    /// <summary>Allocates; null when memory is exhausted. A size of 0 still gives an address that is not null.</summary>
    /// <safety>Sizes were checked by the caller; the result obeys the alignment and, if asked, is zero.</safety>
    protected abstract unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed);

    /// <summary>Resizes, keeping contents, with new bytes zero; null when memory is exhausted, and then nothing changed.</summary>
    /// <remarks>Unless overridden: allocate, copy, free.</remarks>
    /// <safety>The block is this allocator's, and sizes were checked by the caller.</safety>
    protected virtual unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        void* moved = AllocateCore(newByteCount, alignment, zeroed: false);
        if (moved != null)
        {
            var target = new Block(moved, newByteCount);
            new Block(block, oldByteCount).CopyTo(target);
            target.ClearFrom(oldByteCount);
            FreeCore(block, oldByteCount, alignment);
        }

        return moved;
    }

    /// <summary>As <see cref="ResizeCore"/>, with new bytes that may hold anything.</summary>
    /// <remarks>Unless overridden, they are zero all the same.</remarks>
    /// <safety>The block is this allocator's, and sizes were checked by the caller.</safety>
    protected virtual unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment);

    /// <summary>Frees. Must not throw.</summary>
    /// <safety>The block is this allocator's, live, and was allocated with these sizes.</safety>
    protected abstract unsafe void FreeCore(void* block, nuint byteCount, nuint alignment);

    private unsafe void* OrThrow(void* block, nuint byteCount) =>
        block != null ? block : throw Failure.OutOfMemory(byteCount, this);
}
