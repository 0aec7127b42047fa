using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A source of memory blocks: allocates, resizes and frees them.</summary>
/// <remarks>
/// <para>Every owner takes an optional allocator, and uses <see cref="Default"/> without one. An owner remembers the allocator of
/// its block, so that the free always matches.</para>
/// <para>All allocators may be used from all threads, and a block may be freed on another thread than the one that
/// allocated it. The allocators of this library live as long as the process.</para>
/// <para>To add an allocator, for example one for persistent memory, derive from this class. Implement <see cref="AllocateCore"/> and
/// <see cref="FreeCore"/>. Override <see cref="ResizeCore"/> if a block can grow without a copy. The public members check sizes and
/// alignments before they call these, and the addresses that code outside this library returns. In this library the new class has
/// a file in <c>Allocation/</c>, and joins the contract suite of all allocators in <c>AllocatorContractTests</c>: one line.</para>
/// <code>
/// using var page = NativeBuffer.Create&lt;byte&gt;(4096, NativeAllocator.Aligned(4096));
/// </code>
/// </remarks>
public abstract class NativeAllocator
{
    private nint _permanentHandle;

    /// <summary>Names the allocator.</summary>
    /// <param name="name">For messages and reports.</param>
    protected NativeAllocator(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        Inner = this;
        IsCustom = GetType().Assembly != typeof(NativeAllocator).Assembly;
    }

    /// <summary>Makes a layer before an allocator, with the alignment, the lifetime and the layers of that allocator.</summary>
    private protected NativeAllocator(string name, NativeAllocator inner, AllocatorLayers layer)
        : this(name)
    {
        Inner = inner;
        Layer = layer;
        Layers = inner.Layers.Below(layer);
        BlockAlignment = inner.BlockAlignment;
        IsServedByCache = layer.IsAmbient && inner.IsServedByCache;
        LivesForever = layer.IsPermanent && inner.LivesForever;
        HasArrays = inner.HasArrays;
    }

    /// <summary>A cache of blocks for each thread, over the C library and whole pages. Owners use it unless they are given another allocator.</summary>
    public static NativeAllocator Default => CachingAllocator.Current;

    /// <summary>The C library's <c>malloc</c>, <c>calloc</c>, <c>realloc</c> and <c>free</c>.</summary>
    public static NativeAllocator Malloc => MallocAllocator.Instance;

    /// <summary><see cref="System.Runtime.InteropServices.Marshal.AllocHGlobal(nint)"/> and its partners.</summary>
    public static NativeAllocator HGlobal => HGlobalAllocator.Instance;

    /// <summary><see cref="System.Runtime.InteropServices.Marshal.AllocCoTaskMem"/> and its partners: COM's task memory.</summary>
    public static NativeAllocator CoTaskMem => CoTaskMemAllocator.Instance;

    /// <summary>Whole pages of the operating system, zero when fresh. On Linux a block grows without a copy of its bytes.</summary>
    public static NativeAllocator Pages => PagesAllocator.Instance;

    /// <summary>Pinned arrays: memory that the garbage collector counts, and keeps while anything refers to it. The safest memory there is.</summary>
    /// <remarks>
    /// A span of such a block keeps its array. So a span that is used after the disposal of its owner reads the same as before. The
    /// <see cref="Memory{T}"/> of such an owner is that of an array, and <see cref="MemoryMarshal.TryGetArray{T}"/> has an answer.
    /// </remarks>
    public static NativeAllocator PinnedHeap => PinnedHeapAllocator.Instance;

    /// <summary>For messages and reports.</summary>
    public string Name { get; }

    /// <summary>The name under which reports count the blocks: <see cref="Name"/>, unless each allocator of a kind has its own.</summary>
    internal virtual string Family => Name;

    /// <summary>The allocator from which a layer takes its blocks. For a source, itself.</summary>
    internal NativeAllocator Inner { get; }

    /// <summary>The layer that this allocator is; none for a source.</summary>
    internal AllocatorLayers Layer { get; }

    /// <summary>All layers from this allocator down to its source.</summary>
    internal AllocatorLayers Layers { get; }

    /// <summary>The allocator that the program asked for, without the ambient layers before it.</summary>
    internal NativeAllocator Requested => Layer.IsAmbient ? Inner.Requested : this;

    /// <summary>The last allocator of the chain of layers, which takes its blocks from no other allocator.</summary>
    internal NativeAllocator Source => Inner == this ? this : Inner.Source;

    /// <summary>Whether owners may take blocks from the thread cache instead: its blocks have every property of this allocator's.</summary>
    internal bool IsServedByCache { get; private protected init; }

    /// <summary>Whether this is the default allocator, without ambient layers.</summary>
    internal bool IsDefault => this == CachingAllocator.Instance;

    /// <summary>Every block starts at a multiple of this, in bytes, unless a request asks for more. A power of two.</summary>
    internal nuint BlockAlignment { get; private protected init; } = Layout.DefaultAlignment;

    /// <summary>Whether code outside the library makes the addresses that this allocator returns. <see cref="ReturnedBlock"/> checks these.</summary>
    internal bool IsCustom { get; private protected init; }

    /// <summary>Whether the library keeps this allocator as long as the process lives. Then one handle names it in most slots.</summary>
    internal bool LivesForever { get; private protected init; }

    /// <summary>Whether <see cref="ArrayOf"/> may have an answer: the blocks are parts of arrays.</summary>
    internal bool HasArrays { get; private protected init; }

    /// <summary>Whether a span may be used after the disposal of its owner: the blocks are parts of arrays, and are not used again.</summary>
    internal bool OutlivesOwners => HasArrays && !Layers.Has(AllocatorLayers.Pool);

    /// <summary>The number of a budget whose blocks the thread caches serve; 0 if this is none.</summary>
    internal int ChargedNumber { get; private protected set; }

    /// <summary>The same allocator with the layers of the process before it; null before the first request.</summary>
    internal NativeAllocator? InProcess { get; set; }

    /// <summary>The shared handle to this allocator, if it <see cref="LivesForever"/>; 0 before the first use.</summary>
    /// <remarks>See <see cref="AllocatorReference.ShareFor"/>.</remarks>
    internal ref nint PermanentHandle => ref _permanentHandle;

    /// <summary>An allocator whose every block starts at a multiple of <paramref name="alignment"/> bytes.</summary>
    /// <param name="alignment">A power of two, in bytes; for example 64 for a cache line or a vector register.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alignment"/> is not a power of two.</exception>
    public static NativeAllocator Aligned(int alignment) => AlignedAllocator.For(alignment);

    /// <summary>An allocator over a pair (or three) of C functions: mimalloc, jemalloc, or a C library's own.</summary>
    /// <param name="name">For messages and reports.</param>
    /// <param name="allocate">Like <c>malloc</c>: byte count in, block aligned to 16 bytes out, or null.</param>
    /// <param name="resize">Like <c>realloc</c>; or null, and growth copies.</param>
    /// <param name="free">Like <c>free</c>.</param>
    /// <remarks>Safety: the functions keep the C library's rules for <c>malloc</c>, <c>realloc</c> and <c>free</c>. Any thread may
    /// call them. They stay loaded as long as the allocator or a block of it is used.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="allocate"/> or <paramref name="free"/> is null.</exception>
    public static unsafe NativeAllocator FromFunctions(
        string name, delegate* unmanaged<nuint, void*> allocate, delegate* unmanaged<void*, nuint, void*> resize, delegate* unmanaged<void*, void> free) =>
        new FunctionsAllocator(name, allocate, resize, free);

    /// <summary>An allocator over C functions, one of which tells the size of a block.</summary>
    /// <param name="name">For messages and reports.</param>
    /// <param name="allocate">Like <c>malloc</c>: byte count in, block aligned to 16 bytes out, or null.</param>
    /// <param name="resize">Like <c>realloc</c>; or null, and growth copies.</param>
    /// <param name="free">Like <c>free</c>.</param>
    /// <param name="byteCountOf">Like <c>malloc_usable_size</c>: block in, bytes out, or 0 if it does not know. Or null.</param>
    /// <remarks><see cref="SafeNativeBuffer.Initialize(ulong)"/> asks it. Safety: as for all functions of the allocator.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="allocate"/> or <paramref name="free"/> is null.</exception>
    public static unsafe NativeAllocator FromFunctions(
        string name, delegate* unmanaged<nuint, void*> allocate, delegate* unmanaged<void*, nuint, void*> resize, delegate* unmanaged<void*, void> free,
        delegate* unmanaged<void*, nuint> byteCountOf) =>
        new FunctionsAllocator(name, allocate, resize, free) { SizeFunction = byteCountOf };

    /// <summary>An allocator that only frees: for blocks that a C library returns, and for whose allocation it has no function.</summary>
    /// <param name="name">For messages and reports.</param>
    /// <param name="free">Like <c>free</c>: it takes the address alone.</param>
    /// <remarks>
    /// <para>It has no memory to give: to resize an owner of such a block, or to create an owner, throws
    /// <see cref="OutOfMemoryException"/>.</para>
    /// <para>Safety: the function may be called from any thread, and stays loaded as long as a block is owned.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="free"/> is null.</exception>
    public static unsafe NativeAllocator FromFree(string name, delegate* unmanaged<void*, void> free) =>
        new FunctionsAllocator(name, &FunctionsAllocator.AllocateNothing, resize: null, free) { OnlyFrees = true };

    /// <summary>An allocator that only frees, and tells the size of a block.</summary>
    /// <param name="name">For messages and reports.</param>
    /// <param name="free">Like <c>free</c>: it takes the address alone.</param>
    /// <param name="byteCountOf">Like <c>malloc_usable_size</c>: block in, bytes out, or 0 if it does not know. Or null.</param>
    /// <remarks><see cref="SafeNativeBuffer.Initialize(ulong)"/> asks it. Safety: as for an allocator that only frees.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="free"/> is null.</exception>
    public static unsafe NativeAllocator FromFree(string name, delegate* unmanaged<void*, void> free, delegate* unmanaged<void*, nuint> byteCountOf) =>
        new FunctionsAllocator(name, &FunctionsAllocator.AllocateNothing, resize: null, free) { OnlyFrees = true, SizeFunction = byteCountOf };

    /// <inheritdoc cref="Allocate(nuint, nuint, string?, int)"/>
    public unsafe void* Allocate(nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        Allocate(byteCount, alignment, file: null);

    /// <summary>A block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The block, never null. The caller owns it and gives it back to <see cref="Free(void*, nuint, nuint)"/>.</returns>
    /// <remarks>Safety: the caller touches no byte outside the block, and none after the block was freed or resized.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The size is too large, or the alignment is not a power of two.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1), MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void* Allocate(
        nuint byteCount, nuint alignment = Layout.DefaultAlignment, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        void* block = CachingAllocator.TryTakeHere(this, byteCount, alignment, zeroed: true);
        return block != null ? block : AllocateElsewhere(byteCount, alignment, zeroed: true, file, line);
    }

    /// <inheritdoc cref="AllocateUninitialized(nuint, nuint, string?, int)"/>
    public unsafe void* AllocateUninitialized(nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        AllocateUninitialized(byteCount, alignment, file: null);

    /// <summary>A block whose bytes may have any value.</summary>
    /// <inheritdoc cref="Allocate(nuint, nuint, string?, int)" path="/param|/returns|/remarks|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1), MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void* AllocateUninitialized(
        nuint byteCount, nuint alignment = Layout.DefaultAlignment, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        void* block = CachingAllocator.TryTakeHere(this, byteCount, alignment, zeroed: false);
        return block != null ? block : AllocateElsewhere(byteCount, alignment, zeroed: false, file, line);
    }

    /// <inheritdoc cref="TryAllocate(nuint, nuint, bool, string?, int)"/>
    public unsafe void* TryAllocate(nuint byteCount, nuint alignment, bool zeroed) =>
        TryAllocate(byteCount, alignment, zeroed, file: null);

    /// <summary>A block, or null when memory is exhausted.</summary>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <param name="zeroed">Whether every byte must be zero.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <inheritdoc cref="Allocate(nuint, nuint, string?, int)" path="/remarks"/>
    /// <exception cref="ArgumentOutOfRangeException">The size is too large, or the alignment is not a power of two.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1), MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void* TryAllocate(
        nuint byteCount, nuint alignment, bool zeroed, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        void* block = CachingAllocator.TryTakeHere(this, byteCount, alignment, zeroed);
        return block != null ? block : AllocatorHooks.TryAllocateBare(this, byteCount, alignment, zeroed, file, line);
    }

    /// <summary>Makes a block larger or smaller, in place if possible. It keeps its contents, and new bytes are zero.</summary>
    /// <param name="block">A block of this allocator.</param>
    /// <param name="oldByteCount">The size it was allocated or last resized with, in bytes.</param>
    /// <param name="newByteCount">The new size, in bytes.</param>
    /// <param name="alignment">The alignment it was allocated with, in bytes; the result has it too.</param>
    /// <returns>The block at its new place, never null.</returns>
    /// <remarks>Safety: the block is this allocator's and live, and has the old size and the alignment. The caller uses no copy of its
    /// old address afterwards.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The size is too large, or the alignment is not a power of two.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the old block is unchanged.</exception>
    public unsafe void* Resize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment) =>
        OrThrow(TryResize(block, oldByteCount, newByteCount, alignment), newByteCount);

    /// <summary><see cref="Resize"/> that returns null when memory is exhausted; the old block is then unchanged.</summary>
    /// <inheritdoc cref="Resize" path="/param|/remarks"/>
    /// <exception cref="ArgumentOutOfRangeException">The size is too large, or the alignment is not a power of two.</exception>
    public unsafe void* TryResize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment) =>
        AllocatorHooks.NoteBareMove(this, block, TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true));

    /// <summary><see cref="TryResize(void*, nuint, nuint, nuint)"/> whose new bytes may have any value.</summary>
    /// <inheritdoc cref="TryResize(void*, nuint, nuint, nuint)" path="/param|/remarks|/exception"/>
    /// <returns>The block at its new place, or null when memory is exhausted.</returns>
    public unsafe void* TryResizeUninitialized(
        void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment) =>
        AllocatorHooks.NoteBareMove(this, block, TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false));

    /// <inheritdoc cref="Free(void*, nuint, nuint, string?, int)"/>
    public unsafe void Free(void* block, nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        Free(block, byteCount, alignment, file: null);

    /// <summary>Gives a block back; null is ignored, as in C.</summary>
    /// <param name="block">A block of this allocator, or null.</param>
    /// <param name="byteCount">The size it was allocated or last resized with, in bytes.</param>
    /// <param name="alignment">The alignment it was allocated with, in bytes.</param>
    /// <param name="file">Filled in by the compiler, for guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <remarks>Safety: the block is this allocator's and live, and has this size and alignment. The caller uses no copy of its
    /// address afterwards.</remarks>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1), MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Free(
        void* block, nuint byteCount, nuint alignment = Layout.DefaultAlignment, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        if (this == CachingAllocator.Instance)
        {
            CachingAllocator.FreeBare(block, byteCount, alignment, file, line);
        }
        else
        {
            AllocatorHooks.FreeBare(this, block, byteCount, alignment, file, line);
        }
    }

    /// <summary>The allocator's name.</summary>
    public override string ToString() => Name;

    /// <summary>Allocates; null when memory is exhausted. A size of 0 still gives an address that is not null.</summary>
    /// <remarks>Safety: the caller has checked the size and the alignment. The block obeys both and, if asked, is zero.</remarks>
    protected abstract unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed);

    /// <summary>Resizes and keeps the contents; new bytes are zero. Null when memory is exhausted, and then the block is unchanged.</summary>
    /// <remarks>
    /// <para>Unless overridden, it allocates, copies and frees.</para>
    /// <para>Safety: the block is this allocator's, and the caller has checked the sizes and the alignment.</para>
    /// </remarks>
    protected virtual unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        void* moved = ReturnedBlock.Allocated(this, AllocateCore(newByteCount, alignment, zeroed: false), newByteCount, alignment);
        if (moved != null)
        {
            var target = new Block(moved, newByteCount);
            new Block(block, oldByteCount).CopyTo(target);
            target.ClearFrom(oldByteCount);
            FreeCore(block, oldByteCount, alignment);
        }

        return moved;
    }

    /// <summary><see cref="ResizeCore"/> whose new bytes may have any value. Unless overridden, they are zero.</summary>
    /// <remarks>Safety: the block is this allocator's, and the caller has checked the sizes and the alignment.</remarks>
    protected virtual unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment);

    /// <summary>Frees. Must not throw.</summary>
    /// <remarks>Safety: the block is this allocator's and live, and has this size and alignment.</remarks>
    protected abstract unsafe void FreeCore(void* block, nuint byteCount, nuint alignment);

    /// <summary>The exception for a request that this allocator has just refused.</summary>
    internal virtual OutOfMemoryException RefusalOf(nuint byteCount) => BudgetRefusalOf(byteCount) ?? ThrowHelper.OutOfMemory(byteCount, this);

    /// <summary>The exception of the budget that has just refused a request, among the layers of this allocator; null if none has.</summary>
    internal virtual OutOfMemoryException? BudgetRefusalOf(nuint byteCount) => Inner == this ? null : Inner.BudgetRefusalOf(byteCount);

    /// <summary><see cref="TryAllocate(nuint, nuint, bool)"/> for the library: a site that the caller has noted stays.</summary>
    /// <safety>The caller touches no byte outside the block, and none after the block was freed or resized.</safety>
    internal unsafe void* Obtain(nuint byteCount, nuint alignment, bool zeroed)
    {
        Layout.ThrowIfTooLarge(byteCount);
        Layout.ThrowIfNotAlignment(alignment);
        return ReturnedBlock.Allocated(this, AllocateCore(byteCount, alignment, zeroed), byteCount, alignment);
    }

    /// <summary><see cref="Obtain"/> with <see cref="BlockAlignment"/>, for a size that is known to be no larger than any block.</summary>
    /// <safety>The caller touches no byte outside the block, and none after the block was freed or resized.</safety>
    internal virtual unsafe void* ObtainForOwner(nuint byteCount, bool zeroed) =>
        ReturnedBlock.Allocated(this, AllocateCore(byteCount, BlockAlignment, zeroed), byteCount, BlockAlignment);

    /// <summary>Both ways to resize, for the library.</summary>
    /// <safety>The block is this allocator's and live, not null, and has the old size and the alignment.</safety>
    internal unsafe void* TryResize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        ArgumentNullException.ThrowIfNull(block);
        Layout.ThrowIfTooLarge(newByteCount);
        Layout.ThrowIfNotAlignment(alignment);
        void* resized = zeroed
            ? ResizeCore(block, oldByteCount, newByteCount, alignment)
            : ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment);
        return ReturnedBlock.Resized(this, block, resized, newByteCount, alignment);
    }

    /// <summary><see cref="Free(void*, nuint, nuint)"/> for the library: a site that the caller has noted stays.</summary>
    /// <safety>The block is null, or is this allocator's and live, and has this size and alignment. Its address is not used again.</safety>
    internal unsafe void GiveBack(void* block, nuint byteCount, nuint alignment)
    {
        if (block != null)
        {
            FreeCore(block, byteCount, alignment);
        }
    }

    /// <summary>Frees the block of an owner. A guard reports a mistake here, and throws in <see cref="FreeCore"/>.</summary>
    /// <safety>The block is this allocator's and live, and has this size and alignment. Its address is not used again.</safety>
    internal virtual unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment) => FreeCore(block, byteCount, alignment);

    /// <summary>Turns the block of an owner into one that code may free which knows only <see cref="Requested"/>.</summary>
    /// <returns>The block, perhaps at a new place; null when memory is exhausted, and then the block is unchanged.</returns>
    /// <safety>The block is this allocator's and live, and has this size and alignment. The caller uses only the result.</safety>
    internal virtual unsafe void* Release(void* block, nuint byteCount, nuint alignment) => block;

    /// <summary>The pinned array that a block is a part of; null if there is none.</summary>
    /// <safety>The block is this allocator's and live.</safety>
    internal virtual unsafe Array? ArrayOf(void* block) => HasArrays && Inner != this ? Inner.ArrayOf(block) : null;

    /// <summary>The allocator for a block that another source made: without the layers that would not know the block.</summary>
    internal virtual NativeAllocator ForAdopted => this;

    /// <summary>Starts to note a block that another source made.</summary>
    /// <safety>The caller owns the block, and this allocator can free it.</safety>
    internal virtual unsafe void Adopt(void* block, nuint byteCount)
    {
    }

    /// <summary>Stops noting a block that another allocator will free.</summary>
    /// <safety>The address is not followed, so any is allowed.</safety>
    internal virtual unsafe void Disown(void* block)
    {
    }

    /// <safety>The caller touches no byte outside the block, and none after the block was freed or resized.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void* AllocateElsewhere(nuint byteCount, nuint alignment, bool zeroed, string? file, int line) =>
        OrThrow(AllocatorHooks.TryAllocateBare(this, byteCount, alignment, zeroed, file, line), byteCount);

    /// <safety>The address is not followed, so any is allowed.</safety>
    private unsafe void* OrThrow(void* block, nuint byteCount) => block != null ? block : throw RefusalOf(byteCount);
}
