using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

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
    private PermanentHandle _handle;

    /// <summary>Names the allocator.</summary>
    /// <param name="name">For messages and reports.</param>
    protected NativeAllocator(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        IsForeign = GetType().Assembly != typeof(NativeAllocator).Assembly;
    }

    /// <summary>A cache of blocks for each thread, over <see cref="Malloc"/>; what owners use unless told otherwise.</summary>
    public static NativeAllocator Default => CachingAllocator.Current;

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

    /// <summary>What reports count it with: its name, unless each has one of its own.</summary>
    internal virtual string Family => Name;

    /// <summary>Whether owners may take blocks from the thread cache, which have all that this allocator's have.</summary>
    internal bool IsServedByCache { get; private protected init; }

    /// <summary>Whether <see cref="Default"/> is this, or what stands in front of it.</summary>
    internal bool IsDefault => this == CachingAllocator.Instance;

    /// <summary>What every block of it starts at a multiple of, unless more is asked for: in bytes, a power of two.</summary>
    internal nuint BlockAlignment { get; private protected init; } = Layout.DefaultAlignment;

    /// <summary>Whether code outside the library makes the addresses that this allocator returns: <see cref="ReturnedBlock"/> checks these.</summary>
    internal bool IsForeign { get; private protected init; }

    /// <summary>Whether it is not collected while the process lives, because the library keeps it: then slots may name it by one handle.</summary>
    internal bool LivesForever { get; private protected init; }

    /// <summary>Whether somebody reads the <see cref="AllocationSite"/> that was noted.</summary>
    internal bool TakesAllocationSites { get; private protected init; }

    /// <summary>Whether a user has asked that its blocks are tracked, here or in what it takes them from.</summary>
    internal bool IsTracked { get; private protected init; }

    /// <summary>Whether its blocks are guarded already, here or in what it takes them from.</summary>
    internal bool IsGuarded { get; private protected init; }

    /// <summary>Whether this allocator, or one that it wraps, fails on purpose to test the program.</summary>
    internal virtual bool FailsOnPurpose => false;

    /// <summary>What stands in front of this in a process that was started with guards or tracking; null before anybody has asked.</summary>
    internal NativeAllocator? InFront { get; set; }

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
        string name, delegate* unmanaged<nuint, void*> allocate, delegate* unmanaged<void*, nuint, void*> resize, delegate* unmanaged<void*, void> free) =>
        new FunctionsAllocator(name, allocate, resize, free);

    /// <summary>A block of zeroed bytes.</summary>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <returns>The block, never null. The caller owns it and gives it back to <see cref="Free(void*, nuint, nuint)"/>.</returns>
    /// <safety>Touch no byte outside the block, and none after it was freed or resized.</safety>
    /// <exception cref="ArgumentOutOfRangeException">The size or the alignment cannot be one.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public unsafe void* Allocate(nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        Allocate(byteCount, alignment, file: null);

    /// <inheritdoc cref="Allocate(nuint, nuint)" path="/summary|/returns|/safety|/exception"/>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public unsafe void* Allocate(
        nuint byteCount, nuint alignment = Layout.DefaultAlignment, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        OrThrow(TryAllocate(byteCount, alignment, zeroed: true, file, line), byteCount);

    /// <summary>As <see cref="Allocate(nuint, nuint)"/>, with bytes that may hold anything.</summary>
    /// <inheritdoc cref="Allocate(nuint, nuint)" path="/param|/returns|/safety|/exception"/>
    public unsafe void* AllocateUninitialized(nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        AllocateUninitialized(byteCount, alignment, file: null);

    /// <inheritdoc cref="AllocateUninitialized(nuint, nuint)" path="/summary"/>
    /// <inheritdoc cref="Allocate(nuint, nuint, string, int)" path="/param|/returns|/safety|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public unsafe void* AllocateUninitialized(
        nuint byteCount, nuint alignment = Layout.DefaultAlignment, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        OrThrow(TryAllocate(byteCount, alignment, zeroed: false, file, line), byteCount);

    /// <inheritdoc cref="TryAllocate(nuint, nuint, bool, string?, int)"/>
    /// <safety>As for the other.</safety>
    public unsafe void* TryAllocate(nuint byteCount, nuint alignment, bool zeroed) =>
        TryAllocate(byteCount, alignment, zeroed, file: null);

    /// <summary>A block, or null when memory is exhausted.</summary>
    /// <param name="byteCount">In bytes; 0 gives a block that may be freed but not touched.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    /// <param name="zeroed">Whether every byte must be zero.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <safety>Touch no byte outside the block, and none after it was freed or resized.</safety>
    /// <exception cref="ArgumentOutOfRangeException">The size or the alignment cannot be one.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public unsafe void* TryAllocate(
        nuint byteCount, nuint alignment, bool zeroed, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        if (AllocatorHooks.RefusesBare(this, byteCount))
        {
            return null;
        }

        if (!TakesAllocationSites)
        {
            return Obtain(byteCount, alignment, zeroed);
        }

        AllocationSite.Note(file, line, type: null);
        try
        {
            return Obtain(byteCount, alignment, zeroed);
        }
        finally
        {
            AllocationSite.Forget();
        }
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
    public unsafe void* TryResize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment) =>
        Resized(block, TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true));

    /// <summary>As <see cref="TryResize(void*, nuint, nuint, nuint)"/>, with new bytes that may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="TryResize(void*, nuint, nuint, nuint)" path="/param|/safety|/exception"/>
    /// <returns>The block at its new place, or null when memory is exhausted.</returns>
    public unsafe void* TryResizeUninitialized(
        void* block, nuint oldByteCount, nuint newByteCount, nuint alignment = Layout.DefaultAlignment) =>
        Resized(block, TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false));

    /// <inheritdoc cref="Free(void*, nuint, nuint, string?, int)"/>
    /// <safety>As for the other.</safety>
    public unsafe void Free(void* block, nuint byteCount, nuint alignment = Layout.DefaultAlignment) =>
        Free(block, byteCount, alignment, file: null);

    /// <summary>Gives a block back; null is ignored, as C does.</summary>
    /// <param name="block">A block of this allocator, or null.</param>
    /// <param name="byteCount">The size it was allocated or last resized with, in bytes.</param>
    /// <param name="alignment">The alignment it was allocated with, in bytes.</param>
    /// <param name="file">Filled in by the compiler, for guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <safety>The block is this allocator's, live, was allocated with these sizes, and no copy of the address is used again.</safety>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public unsafe void Free(
        void* block, nuint byteCount, nuint alignment = Layout.DefaultAlignment, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        if (block == null)
        {
            return;
        }

        AllocatorHooks.NoteBareFree(this, (nint)block);
        if (!TakesAllocationSites)
        {
            FreeCore(block, byteCount, alignment);
            return;
        }

        AllocationSite.Note(file, line, type: null);
        try
        {
            FreeCore(block, byteCount, alignment);
        }
        finally
        {
            AllocationSite.Forget();
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

    /// <summary>As <see cref="ResizeCore"/>, with new bytes that may hold anything.</summary>
    /// <remarks>Unless overridden, they are zero all the same.</remarks>
    /// <safety>The block is this allocator's, and sizes were checked by the caller.</safety>
    protected virtual unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        ResizeCore(block, oldByteCount, newByteCount, alignment);

    /// <summary>Frees. Must not throw.</summary>
    /// <safety>The block is this allocator's, live, and was allocated with these sizes.</safety>
    protected abstract unsafe void FreeCore(void* block, nuint byteCount, nuint alignment);

    /// <summary>As <see cref="FreeCore"/>, for an owner, whose disposal does not throw even where bare blocks are told of mistakes.</summary>
    /// <safety>As for <see cref="FreeCore"/>.</safety>
    private protected virtual unsafe void FreeOfOwnerCore(void* block, nuint byteCount, nuint alignment) =>
        FreeCore(block, byteCount, alignment);

    /// <summary>As <see cref="TryAllocate(nuint, nuint, bool)"/>, for the library's own callers: what they noted of their site stays.</summary>
    /// <inheritdoc cref="TryAllocate(nuint, nuint, bool)" path="/safety|/exception"/>
    internal unsafe void* Obtain(nuint byteCount, nuint alignment, bool zeroed)
    {
        Layout.ThrowIfTooLarge(byteCount);
        Layout.ThrowIfNotAlignment(alignment);
        return ReturnedBlock.Allocated(this, AllocateCore(byteCount, alignment, zeroed), byteCount, alignment);
    }

    /// <summary>Both ways to resize, for the library's own callers.</summary>
    /// <safety>As for <see cref="TryResize(void*, nuint, nuint, nuint)"/>; not null.</safety>
    internal unsafe void* TryResize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        ArgumentNullException.ThrowIfNull(block);
        Layout.ThrowIfTooLarge(newByteCount);
        Layout.ThrowIfNotAlignment(alignment);
        void* resized = zeroed ? ResizeCore(block, oldByteCount, newByteCount, alignment) : ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment);
        return ReturnedBlock.Resized(this, block, resized, newByteCount, alignment);
    }

    /// <summary>As <see cref="Obtain"/>, for an owner that knows its site and has noted none.</summary>
    /// <remarks>The word of the thread is this allocator's own: a handle, or 0. It is freed when the thread has ended.</remarks>
    /// <safety>As for <see cref="Obtain"/>, whose checks the caller has passed.</safety>
    internal virtual unsafe void* ObtainAt(ref nint thread, AllocationSite site, nuint byteCount, nuint alignment, bool zeroed) =>
        AllocateCore(byteCount, alignment, zeroed);

    /// <summary>As <see cref="FreeOfOwner"/>, on a thread whose word is at hand.</summary>
    /// <safety>As for <see cref="FreeOfOwner"/>.</safety>
    internal virtual unsafe void FreeAt(ref nint thread, AllocationSite site, void* block, nuint byteCount, nuint alignment) =>
        FreeOfOwnerCore(block, byteCount, alignment);

    /// <summary>As <see cref="Free(void*, nuint, nuint)"/>, for the library's own callers: what they noted of their site stays.</summary>
    /// <safety>As for <see cref="Free(void*, nuint, nuint)"/>.</safety>
    internal unsafe void GiveBack(void* block, nuint byteCount, nuint alignment)
    {
        if (block != null)
        {
            FreeCore(block, byteCount, alignment);
        }
    }

    /// <summary>As <see cref="GiveBack"/>, for an owner.</summary>
    /// <safety>As for <see cref="GiveBack"/>; not null.</safety>
    internal unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment) => FreeOfOwnerCore(block, byteCount, alignment);

    /// <summary>Makes a block of an owner's one that anybody may free who knows only the allocator that the user asked for.</summary>
    /// <returns>The block where it is then; null when memory is exhausted, and then nothing changed.</returns>
    /// <safety>As for <see cref="GiveBack"/>; not null.</safety>
    internal virtual unsafe void* Release(void* block, nuint byteCount, nuint alignment) => block;

    /// <summary>What takes care of a block that came from elsewhere: this, but for those that would not know the block.</summary>
    internal virtual NativeAllocator ForAdopted => this;

    /// <summary>Says that a block is this allocator's from now on, which came from elsewhere.</summary>
    /// <safety>The block is the caller's, and this allocator can free it.</safety>
    internal virtual unsafe void Adopt(void* block, nuint byteCount)
    {
    }

    /// <summary>Says that a block is this allocator's no more: whoever has it, frees it elsewhere.</summary>
    /// <safety>The address is not followed.</safety>
    internal virtual unsafe void Disown(void* block)
    {
    }

    /// <summary>What to throw when this has returned no block.</summary>
    internal virtual OutOfMemoryException RefusalOf(nuint byteCount) => ThrowHelper.OutOfMemory(byteCount, this);

    /// <summary>One handle to this for all slots. Only if <see cref="LivesForever"/>.</summary>
    internal nint Handle => _handle.To(this);

    /// <summary>Tells flows that know a block, if it has moved, that it is gone: also where this allocator does not work for them.</summary>
    private unsafe void* Resized(void* block, void* resized)
    {
        if (resized != null && resized != block)
        {
            AllocatorHooks.NoteBareFree(this, (nint)block);
        }

        return resized;
    }

    private unsafe void* OrThrow(void* block, nuint byteCount) => block != null ? block : throw RefusalOf(byteCount);
}
