using System.Buffers;
using System.Diagnostics;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Buffers;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A block of <typeparamref name="T"/> outside the garbage-collected heap, owned by an object: for fields, async code, other threads.</summary>
/// <remarks>
/// <para>Dispose it. An owner that was not disposed is freed by a finalizer and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>); that finalizer costs nothing where memory is used again and again.</para>
/// <para>All members may be called from all threads at any time. <see cref="Borrow"/> is the safe way to the elements: after
/// <see cref="Dispose()"/> no borrow or pin begins, and the memory is freed when the last one ends.
/// A span taken from <see cref="Memory"/> does not keep the memory: it must not be used after <see cref="Dispose()"/>.</para>
/// <para>Lengths have 64 bits. A <see cref="Memory{T}"/> has 32: see <see cref="Slice"/>.</para>
/// </remarks>
/// <example>
/// <code>
/// sealed class Frame : IDisposable
/// {
///     private readonly NativeMemoryOwner&lt;float&gt; _pixels = NativeMemoryOwner.Create&lt;float&gt;(1920 * 1080);
///     public int CountBlack()
///     {
///         using var pixels = _pixels.Borrow();
///         return pixels.Span.Count(0f);
///     }
///     public void Dispose() => _pixels.Dispose();
/// }
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[DebuggerDisplay("Length = {Length}, IsDisposed = {IsDisposed}")]
[DebuggerTypeProxy(typeof(ElementsDebugView<>))]
[SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
[SuppressMessage("Design", "CA1063", Justification = "Code outside the library derives nothing from this: Dispose is the whole pattern.")]
[SuppressMessage("Usage", "CA1816", Justification = "There is a finalizer to suppress only in the type that has one.")]
[SuppressMessage("Naming", "CA1720", Justification = "Adopt takes a pointer.")]
[CollectionBuilder(typeof(NativeMemoryOwner), nameof(NativeMemoryOwner.CreateFrom))]
[NativeMarshalling(typeof(PointerMarshaller<>))]
public class NativeMemoryOwner<T> : MemoryManager<T>, IMemoryOwner<T>
    where T : unmanaged
{
    private OwnedBlock _block;

    /// <safety>The block has as many elements as <paramref name="block"/> says, and belongs to this owner alone.</safety>
    internal unsafe NativeMemoryOwner(OwnedBlock block) => _block = block;

    /// <summary>The number of elements; 0 once disposed.</summary>
    public long Length => _block.LengthOrNone;

    /// <summary>Whether it was disposed, released or moved from.</summary>
    public bool IsDisposed => _block.IsOver;

    /// <summary>The allocator that frees the block: after <see cref="Release()"/>, with <see cref="NativeAllocator.Free(void*, nuint, nuint)"/>.</summary>
    /// <exception cref="ObjectDisposedException">The owner has no block any more.</exception>
    public NativeAllocator Allocator
    {
        get
        {
            using Borrow<T> borrow = Borrow();
            unsafe
            {
                // SAFETY: the borrow keeps the block and its slot until the end of this method.
                return _block.Allocator;
            }
        }
    }

    /// <summary>All elements, for code that takes a <see cref="Memory{T}"/>. A pin of it keeps the memory; a span of it does not.</summary>
    /// <remarks>
    /// <para>If the owner may be disposed during input or output, use <see cref="Retain()"/>: on Linux, sockets and files mostly pin nothing.</para>
    /// <para>Over <see cref="NativeAllocator.PinnedHeap"/> this is the memory of an array, which stays as it is after the disposal.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements: use <see cref="Slice"/>.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public sealed override Memory<T> Memory => MemoryOf(0, length: null);

    internal ref OwnedBlock Owned => ref _block;

    /// <summary>Whether the allocator takes blocks from arrays.</summary>
    internal bool HasArrays => _block.IsMarked(OwnedBlock.OverArrays);

    /// <inheritdoc cref="NativeMemoryOwner.Create{T}(long, NativeAllocator?, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeMemoryOwner<T> Create(
        long length, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Create(length, allocator, zeroed: true, file, line);

    /// <inheritdoc cref="Create(long, NativeAllocator?, string?, int)"/>
    public static NativeMemoryOwner<T> Create(long length, NativeAllocator? allocator = null) => Create(length, allocator, file: null);

    /// <inheritdoc cref="NativeMemoryOwner.CreateUninitialized{T}(long, NativeAllocator?, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeMemoryOwner<T> CreateUninitialized(
        long length, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Create(length, allocator, zeroed: false, file, line);

    /// <inheritdoc cref="CreateUninitialized(long, NativeAllocator?, string?, int)"/>
    public static NativeMemoryOwner<T> CreateUninitialized(long length, NativeAllocator? allocator = null) =>
        CreateUninitialized(length, allocator, file: null);

    /// <inheritdoc cref="NativeMemoryOwner.CreateFrom{T}(ReadOnlySpan{T}, NativeAllocator?, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeMemoryOwner<T> CreateFrom(
        ReadOnlySpan<T> source, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        NativeMemoryOwner<T> owner = CreateUninitialized(source.Length, allocator, file, line);
        source.CopyTo(owner.GetSpan());
        GC.KeepAlive(owner);
        return owner;
    }

    /// <inheritdoc cref="CreateFrom(ReadOnlySpan{T}, NativeAllocator?, string?, int)"/>
    public static NativeMemoryOwner<T> CreateFrom(ReadOnlySpan<T> source, NativeAllocator? allocator = null) => CreateFrom(source, allocator, file: null);

    /// <summary>An owner of memory that other code allocated and handed over, such as a C library.</summary>
    /// <remarks>Safety: the caller owns the block, which has this length, and hands it over. <paramref name="freedBy"/> can free it.</remarks>
    /// <param name="pointer">The first element.</param>
    /// <param name="length">In elements.</param>
    /// <param name="freedBy">The allocator that frees the block, for example <see cref="NativeAllocator.Malloc"/>. It gets the size in bytes.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentNullException"><paramref name="pointer"/> or <paramref name="freedBy"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">Such a block would reach the last page of the address space.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is still the caller's.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static unsafe NativeMemoryOwner<T> Adopt(
        T* pointer, long length, NativeAllocator freedBy, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(pointer);
        ArgumentNullException.ThrowIfNull(freedBy);
        AllocationSite.Note(file, line, typeof(T));
        return SelfCleaningOwner<T>.Make(SharedHandle.Adopt(pointer, Layout.ByteCount(length, sizeof(T)), freedBy), length, freedBy.HasArrays);
    }

    /// <inheritdoc cref="Adopt(T*, long, NativeAllocator, string?, int)"/>
    public static unsafe NativeMemoryOwner<T> Adopt(T* pointer, long length, NativeAllocator freedBy) => Adopt(pointer, length, freedBy, file: null);

    /// <summary>Hands the block to the caller, which must free it. This owner counts as disposed afterwards.</summary>
    /// <remarks>Safety: free the block once, with its allocator, and do not use it afterwards.</remarks>
    /// <returns>The first element. Read <see cref="Allocator"/> and <see cref="Length"/> before: they are needed to free the block.</returns>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The block of an owner that was made smaller must move, and memory is exhausted.</exception>
    public unsafe T* Release()
    {
        bool isOpen = _block.TryRelease(sizeof(T), out void* block);
        SelfCleaningOwner<T>.EndFinalizer(this);
        return isOpen ? (T*)block : throw Disposed();
    }

    /// <summary>Hands ownership to the result. This owner counts as disposed afterwards.</summary>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public NativeMemoryOwner<T> Move() => SelfCleaningOwner<T>.TryMove(this) ?? throw Disposed();

    /// <summary>Hands ownership to an owner of elements of another type, without a copy. This owner counts as disposed afterwards.</summary>
    /// <inheritdoc cref="Borrow{T}.Cast{TTo}()" path="/remarks|/typeparam|/exception[1]|/exception[2]"/>
    /// <returns>An owner of the same memory, which is freed as before.</returns>
    /// <inheritdoc cref="Move" path="/exception"/>
    public NativeMemoryOwner<TTo> MoveAs<TTo>()
        where TTo : unmanaged => SelfCleaningOwner<T>.TryMoveAs<TTo>(this) ?? throw Disposed();

    /// <summary>Part of the elements, for code that takes a <see cref="Memory{T}"/>: also of those beyond <see cref="int.MaxValue"/>.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public Memory<T> Slice(long start, int length) => MemoryOf(start, length);

    /// <summary>Borrows the memory: it is neither freed nor resized before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Borrow<T> Borrow()
    {
        if (!_block.TryBorrow(out BorrowHandle handle))
        {
            handle = BorrowSlowly();
        }

        unsafe
        {
            // SAFETY: the handle borrows the block, so start and length stay until it ends.
            var borrow = new Borrow<T>(handle, _block.Start, _block.BorrowedLength);
            GC.KeepAlive(this);
            return borrow;
        }
    }

    /// <summary>Keeps the memory for asynchronous code, also if this owner is disposed in between.</summary>
    /// <remarks>
    /// <see cref="Borrow"/> is for one scope; this is for code that awaits. The result has a <see cref="Memory{T}"/> of its own, whose
    /// span and pins are valid until the result is disposed. Until then the owner cannot be resized, released or moved.
    /// </remarks>
    /// <returns>An object that the caller disposes. If it is not disposed, it keeps the memory for ever, as a pin does.</returns>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements, or a billion pins go on.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public IMemoryOwner<T> Retain() => RetainedMemory<T>.TryOf(ref _block, 0, length: null, HasArrays) ?? throw Disposed();

    /// <summary>Keeps the memory as <see cref="Retain()"/> does, for part of the elements; all of the memory is kept.</summary>
    /// <inheritdoc cref="Slice" path="/param|/exception"/>
    /// <inheritdoc cref="Retain()" path="/returns"/>
    public IMemoryOwner<T> Retain(long start, int length) => RetainedMemory<T>.TryOf(ref _block, start, length, HasArrays) ?? throw Disposed();

    /// <summary>Enumerates the elements by value. The owner is borrowed until the loop ends.</summary>
    /// <inheritdoc cref="Borrow" path="/exception"/>
    public NativeMemoryOwnerEnumerator<T> GetEnumerator() => new(Borrow());

    /// <summary>Changes the length. Contents are kept, new elements are zero, and the block may move.</summary>
    /// <remarks>
    /// Spans taken from <see cref="Memory"/> before must not be used afterwards. Members that need the elements wait while another thread
    /// resizes, and throw on the thread that resizes. <see cref="Dispose()"/> does not wait: the resize then frees the memory at its end, and throws.
    /// </remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the owner is unchanged.</exception>
    public void Resize(long length)
    {
        bool isOpen = HasArrays
            ? OwnerArray<T>.TryResize(ref _block, length)
            : _block.TryResize(length, Unsafe.SizeOf<T>(), notesLongest: true);
        GC.KeepAlive(this);
        if (!isOpen)
        {
            throw Disposed();
        }
    }

    /// <summary>Sets all elements to zero.</summary>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public void Clear() => Fill(default);

    /// <summary>Sets all elements to <paramref name="value"/>.</summary>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public void Fill(T value)
    {
        using Borrow<T> borrow = Borrow();
        for (long start = 0; start < borrow.Length; start += int.MaxValue)
        {
            borrow.AsSpan(start, (int)long.Min(borrow.Length - start, int.MaxValue)).Fill(value);
        }
    }

    /// <summary>Copies all elements to the start of <paramref name="destination"/>, which may overlap.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the memory.</exception>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public void CopyTo(Span<T> destination)
    {
        using Borrow<T> borrow = Borrow();
        borrow.Span.CopyTo(destination);
    }

    /// <summary>An array with a copy of the elements.</summary>
    /// <inheritdoc cref="CopyTo" path="/exception[2]|/exception[3]"/>
    public T[] ToArray()
    {
        using Borrow<T> borrow = Borrow();
        return borrow.Span.ToArray();
    }

    /// <summary>Ends the ownership, and gives the memory back: now, or when its last borrow or pin ends.</summary>
    /// <remarks>No borrow or pin begins afterwards. A second call, on any thread, does nothing. Never throws.</remarks>
    public void Dispose()
    {
        _block.Close();
        SelfCleaningOwner<T>.EndFinalizer(this);
    }

    /// <summary>All elements, or the first <see cref="int.MaxValue"/>. The span does not keep the memory.</summary>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public sealed override Span<T> GetSpan() => GetSpan(0, int.MaxValue);

    /// <summary>Keeps the memory where it is, and alive, until the result is disposed.</summary>
    /// <param name="elementIndex">The element that the result points to; at most <see cref="int.MaxValue"/>.</param>
    /// <returns>Dispose it, on any thread. Disposing copies of it ends no other pin.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not inside the memory, nor its end.</exception>
    /// <exception cref="InvalidOperationException">A resize has shrunk the owner, and the pinned <see cref="Memory{T}"/> may be from before:
    /// pin a new one. Or a billion pins go on.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public sealed override MemoryHandle Pin(int elementIndex = 0)
    {
        MemoryHandle handle = PinAt(elementIndex, 0, out long length);
        if (MayReachTooFar(length) && _block.IsMarked(OwnedBlock.GaveMemory))
        {
            // The caller may go on to use all elements of its Memory<T>, and this method does not know their number.
            handle.Dispose();
            throw ThrowHelper.HasShrunk(length, Longest);
        }

        return handle;
    }

    /// <summary>Ends the last pin that still goes on, if any. Its <see cref="MemoryHandle"/> then ends no other pin.</summary>
    public sealed override void Unpin() => _block.EndLastPin();

    /// <summary>Part of the elements. The span does not keep the memory.</summary>
    /// <param name="start">In elements; not negative.</param>
    /// <param name="most">The length in elements, not negative. The result is shorter if the memory is.</param>
    internal Span<T> GetSpan(long start, int most)
    {
        unsafe
        {
            // SAFETY: the block has length elements until the owner is disposed or resized, and the range is inside.
            byte* block = (byte*)Read(out long length);
            start = long.Min(start, length);
            return Block.View<T>(block + ((nint)start * sizeof(T)), (int)long.Min(length - start, most));
        }
    }

    /// <summary>Pins the memory for <paramref name="count"/> elements from any index on.</summary>
    internal MemoryHandle PinAt(long elementIndex, int count, out long length)
    {
        Pin pin = _block.TryPin(out nint start, out length, isLast: true) ?? throw Disposed();
        GC.KeepAlive(this);
        if ((ulong)elementIndex > (ulong)length || count > length - elementIndex)
        {
            pin.Unpin();
            throw ThrowHelper.Outside(nameof(elementIndex), elementIndex, count, length);
        }

        unsafe
        {
            // SAFETY: the pin keeps start and length until it ends, and the index is inside or at the end.
            return new MemoryHandle((T*)start + elementIndex, default, pin);
        }
    }

    /// <summary>Pins all elements, for the library's own input and output.</summary>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    internal Pin PinAll(out nint start, out long length)
    {
        Pin pin = _block.TryPin(out start, out length, isLast: false) ?? throw Disposed();
        GC.KeepAlive(this);
        return pin;
    }

    /// <summary>Part of the elements, as a segment of an array; false if there is none, or after the disposal.</summary>
    internal bool TryGetArray(long start, int? length, out ArraySegment<T> segment) =>
        OwnerArray<T>.TrySegment(ref _block, start, length, HasArrays, out segment);

    /// <inheritdoc/>
    protected sealed override bool TryGetArray(out ArraySegment<T> segment) => TryGetArray(0, length: null, out segment);

    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing) => Dispose();

    private static NativeMemoryOwner<T> Create(long length, NativeAllocator? allocator, bool zeroed, string? file, int line)
    {
        SharedHandle handle = OwnerArray<T>.Open(Layout.ByteCount(length, Unsafe.SizeOf<T>()), allocator, zeroed, file, line, out bool hasArrays);
        handle.BeginAtHome();
        unsafe
        {
            // SAFETY: the new block has room for length elements, and belongs to the new owner alone.
            return SelfCleaningOwner<T>.Make(handle, length, hasArrays);
        }
    }

    /// <summary>Part of the elements, or all if <paramref name="length"/> is null.</summary>
    private Memory<T> MemoryOf(long start, int? length)
    {
        if (HasArrays && OwnerArray<T>.TryMemory(ref _block, start, length, out Memory<T> memory))
        {
            return memory;
        }

        _ = Read(out long available);
        int count = length ?? (available <= int.MaxValue ? (int)available : throw ThrowHelper.TooLongForMemory(available));
        Layout.ThrowIfOutside(start, count, available);

        // Noted before the Memory<T> exists: a thread that pins it sees the note, or sees that no resize has shrunk the owner.
        _block.Mark(OwnedBlock.GaveMemory);
        return !MayReachTooFar(available) && start + count <= int.MaxValue
            ? CreateMemory((int)start, count)
            : new OwnerWindow<T>(this, start, count).Memory;
    }

    /// <summary>The largest length from which a resize has shrunk the owner; 0 if none has.</summary>
    private long Longest => _block.Extras?.Longest ?? 0;

    /// <summary>Whether a <see cref="Memory{T}"/> from before may reach past the end. Each new one then has an <see cref="OwnerWindow{T}"/>.</summary>
    private bool MayReachTooFar(long length) => length < Longest;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private BorrowHandle BorrowSlowly() => _block.TryBorrowSlow(out BorrowHandle handle) ? handle : throw Disposed();

    private nint Read(out long length) => _block.TryRead(out nint start, out length) ? start : throw Disposed();

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(NativeMemoryOwner<>)}<{typeof(T).Name}>");
}
