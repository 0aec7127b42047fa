using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Interop;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A block of native memory as a <see cref="SafeHandle"/>: for parameters and results of P/Invoke methods.</summary>
/// <remarks>
/// <para>The type of a handle decides its free function, so each block is freed by the function that matches:
/// <see cref="SafeHandle.Dispose()"/> calls it, or the finalizer of a handle that was not disposed. A native call in flight keeps the block
/// alive. If the handle is disposed during the call, the block is freed when the call returns. As with every <see cref="SafeHandle"/>, no
/// new call can begin after the last call in flight has returned.</para>
/// <para>The base class reads and writes (<see cref="SafeBuffer.Read{T}"/>, <see cref="SafeBuffer.WriteSpan{T}"/>), always inside the block.
/// The exception is a block whose size was set through a variable of the base class (<see cref="SafeBuffer.Initialize(ulong)"/>).
/// <see cref="UnmanagedMemoryStream"/> takes a handle as it is. A handle that a native method returned knows the address of its block and
/// not the size: call <see cref="Initialize(ulong)"/> once before reading or writing. If the function returned null or an error number
/// (-4095 to -1), <see cref="SafeHandle.IsInvalid"/> is true, and the handle frees nothing.</para>
/// <para>All members may be used from all threads, except <c>Initialize</c>, which comes before the handle is shared.</para>
/// <para>For another free function, derive a sealed class with a public constructor without parameters, over the allocator of
/// <c>NativeAllocator.FromFunctions</c>. Its blocks come from <c>AllocateBlock</c> and <c>TakeBlock</c>; an address from elsewhere
/// needs the unsafe <see cref="SetBlock"/>:</para>
/// <code>
/// public sealed class SafeMimallocBuffer() : SafeNativeBuffer(s_mimalloc)
/// {
///     private static readonly NativeAllocator s_mimalloc = ...;
///
///     public static SafeMimallocBuffer Allocate(long byteCount)
///     {
///         var buffer = new SafeMimallocBuffer();
///         buffer.AllocateBlock(byteCount, zeroed: true);
///         return buffer;
///     }
/// }
/// </code>
/// </remarks>
/// <example>
/// <code>
/// [LibraryImport("libz.so.1")]
/// private static partial CULong crc32(CULong seed, SafeNativeBuffer data, uint byteCount);
///
/// using var data = SafeMallocBuffer.Allocate(4096);
/// data.WriteSpan(0, "some text"u8);
/// nuint sum = crc32(default, data, 9).Value;
/// </code>
/// </example>
public abstract class SafeNativeBuffer : SafeCountedBuffer
{
    private static readonly object s_disposed = new();

    private NativeAllocator _allocator;

    // The wrapper around the allocator that knows the block; null if there is none.
    private NativeAllocator? _instrumented;

    // Null while the size is unknown. Not ByteLength: that can be set again through a variable of the base class.
    private nuint? _byteCount;

    // Null until the handle ends. Then s_disposed, or the HandleAllocator of a block that became an owner's. The base class has no such
    // state: a SafeHandle that is disposed during a native call is open until the call returns.
    private object? _end;

    /// <summary>A handle without a block.</summary>
    /// <param name="allocator">Frees the block.</param>
    /// <exception cref="ArgumentNullException"><paramref name="allocator"/> is null.</exception>
    protected SafeNativeBuffer(NativeAllocator allocator)
    {
        ArgumentNullException.ThrowIfNull(allocator);
        _allocator = allocator;
    }

    /// <summary>Sets the size of a block that a native method returned. Once; handles that allocated their block know its size.</summary>
    /// <remarks>The block must have these bytes: they limit reads and writes, and a free function that needs a size gets this one.</remarks>
    /// <param name="numBytes">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">No block can have this size, or the block is smaller. The C library tells the size of its
    /// own blocks, rounded up, and the allocator's size function that of others.</exception>
    /// <exception cref="InvalidOperationException">The size is known already, or a block of this size would reach the last page
    /// of the address space.</exception>
    /// <exception cref="ObjectDisposedException">There is no block: the method returned null, or the handle was disposed.</exception>
    public new void Initialize(ulong numBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(numBytes, Layout.LargestByteCount);
        ThrowIfSized();
        ThrowIfWrong((nuint)numBytes);
        base.Initialize(numBytes);
        _byteCount = (nuint)numBytes;
    }

    /// <inheritdoc cref="Initialize(ulong)" path="/summary|/remarks|/exception"/>
    /// <param name="numElements">In elements.</param>
    /// <param name="sizeOfEachElement">In bytes.</param>
    public new void Initialize(uint numElements, uint sizeOfEachElement) => Initialize((ulong)numElements * sizeOfEachElement);

    /// <inheritdoc cref="Initialize(ulong)" path="/summary|/remarks|/exception"/>
    /// <param name="numElements">In elements, at the distance that <see cref="SafeBuffer.ReadArray{T}"/> uses.</param>
    public new void Initialize<T>(uint numElements)
        where T : struct
    {
        ThrowIfSized();
        base.Initialize<T>(numElements);
        nuint byteCount = (nuint)ByteLength;
        base.Initialize(0);
        Initialize(byteCount);
    }

    /// <summary>Gives the block up to a native method that has taken it over: the handle does not free it.</summary>
    /// <exception cref="ObjectDisposedException">An owner has the block: see <see cref="ToOwner{T}()"/>.</exception>
    public new void SetHandleAsInvalid()
    {
        // A closed handle could not tell the new owner's allocator that the last call has ended.
        ObjectDisposedException.ThrowIf(Interlocked.CompareExchange(ref _end, s_disposed, null) is HandleAllocator, this);
        Disown();
        base.SetHandleAsInvalid();
    }

    /// <summary>Hands the block to an owner, without copying. The handle is disposed.</summary>
    /// <remarks>
    /// <para>A native call that has the handle and has not returned yet stays safe: the block is freed after the owner has ended and the
    /// last such call has returned. A write of that call is visible to the owner. Until the call returns, do not free the block that
    /// <c>Release</c> of the owner returned.</para>
    /// <para>If several threads convert or dispose the same handle, one succeeds, and all other conversions throw.</para>
    /// </remarks>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>An owner of all bytes, which the caller disposes. It resizes with the allocator of the handle's kind.</returns>
    /// <exception cref="ArgumentException">The byte count is no multiple of the size of <typeparamref name="T"/>; nothing changed.</exception>
    /// <exception cref="InvalidOperationException"><see cref="Initialize(ulong)"/> has not set the size; nothing changed.</exception>
    /// <exception cref="ObjectDisposedException">
    /// There is no block: a method returned null, or the handle was disposed, or became an owner already.
    /// </exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public NativeMemoryOwner<T> ToOwner<T>([CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        HandleAllocator heir = GiveUp(Unsafe.SizeOf<T>());
        unsafe
        {
            // SAFETY: the block has this byte count, and lives until the owner or the heir frees it. GiveUp succeeds once, and then the handle
            // frees nothing. The heir waits for calls in flight. Without such calls, the block is an ordinary block of its allocator.
            T* block = (T*)heir.Block.Start;
            try
            {
                return NativeMemoryOwner<T>.Adopt(
                    block, (long)(heir.Block.ByteCount / (nuint)sizeof(T)), heir.IsInUse ? heir : _allocator, file, line);
            }
            catch
            {
                heir.Free(block, heir.Block.ByteCount);
                throw;
            }
        }
    }

    /// <inheritdoc cref="ToOwner{T}(string?, int)"/>
    public NativeMemoryOwner<T> ToOwner<T>()
        where T : unmanaged => ToOwner<T>(file: null);

    /// <summary>Allocates this handle's block: for factory methods, once, before other code has the handle.</summary>
    /// <param name="byteCount">In bytes; 0 gives a valid handle whose block has no bytes.</param>
    /// <param name="zeroed">True if every byte must be zero.</param>
    /// <param name="file">For <see cref="NativeMemoryTracker"/>: filled in by the compiler. A factory method passes the file of its own caller.</param>
    /// <param name="line">As <paramref name="file"/>: the line.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The handle has, or had, a block.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [OverloadResolutionPriority(1)]
    protected void AllocateBlock(long byteCount, bool zeroed, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ThrowIfTaken();
        nuint size = Layout.ByteCount(byteCount, elementSize: 1);
        NativeAllocator instrumented = AllocatorHooks.InstrumentAdopted(_allocator);
        AllocationSite.Note(file, line, GetType());
        try
        {
            unsafe
            {
                // SAFETY: the block has this size, and lives until this handle frees it. No other code knows it.
                void* block = instrumented.Obtain(size, Layout.DefaultAlignment, zeroed);
                Hold(block != null ? block : throw instrumented.RefusalOf(size), size);
            }
        }
        finally
        {
            AllocationSite.Forget();
        }

        _instrumented = instrumented;
    }

    /// <inheritdoc cref="AllocateBlock(long, bool, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected void AllocateBlock(long byteCount, bool zeroed) => AllocateBlock(byteCount, zeroed, file: null);

    /// <summary>Takes over an owner's block without copying: for factory methods, once, before other code has the handle.</summary>
    /// <param name="owner">Disposed afterwards, unless this throws.</param>
    /// <param name="file">For <see cref="NativeMemoryTracker"/>: filled in by the compiler. A factory method passes the file of its own caller.</param>
    /// <param name="line">As <paramref name="file"/>: the line.</param>
    /// <exception cref="ArgumentException">The block is not freed by this handle's free function.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned, or the handle has, or had, a block.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    [OverloadResolutionPriority(1)]
    protected void TakeBlock<T>(NativeMemoryOwner<T> owner, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(owner);
        ThrowIfTaken();
        NativeAllocator freedBy = owner.Allocator;
        if (!Frees(freedBy))
        {
            throw new ArgumentException(
                $"A {GetType().Name} is freed by {_allocator}; the owner's block is freed by {freedBy}. Copy it instead.",
                nameof(owner));
        }

        // The move comes first: no other code knows the new owner, so its length stays until the release. All that can fail comes before
        // the move: the handle exists, and nothing is allocated after it.
        NativeAllocator instrumented = AllocatorHooks.InstrumentAdopted(freedBy);
        NativeMemoryOwner<T> moved = owner.Move();
        nuint byteCount = Layout.ByteCount(moved.Length, Unsafe.SizeOf<T>());
        unsafe
        {
            // SAFETY: the block has this size. The owner gives it up, and Frees is true, so it lives until this handle frees it.
            void* block = moved.Release();
            Hold(block, byteCount);
            AllocationSite.Note(file, line, GetType());
            instrumented.Adopt(block, byteCount);
            AllocationSite.Forget();
        }

        _allocator = freedBy;
        _instrumented = instrumented;
    }

    /// <inheritdoc cref="TakeBlock{T}(NativeMemoryOwner{T}, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected void TakeBlock<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => TakeBlock(owner, file: null);

    /// <summary>Takes over a block that a native function returned. For factory methods, once. With null the handle has no block.</summary>
    /// <remarks>Safety: the caller owns the block and gives it up. The allocator of the constructor can free the block, and until then it lives.</remarks>
    /// <param name="block">This handle's free function frees it, unless null. <see cref="Initialize(ulong)"/> sets its size.</param>
    /// <safety>The remarks have the contract.</safety>
    /// <exception cref="InvalidOperationException">The handle has, or had, a block.</exception>
    protected unsafe void SetBlock(void* block)
    {
        ThrowIfTaken();
        SetAddress(block);
    }

    /// <summary>True if this handle's free function frees the blocks of an allocator.</summary>
    private protected virtual bool Frees(NativeAllocator allocator) => ReferenceEquals(allocator, _allocator);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ = Interlocked.CompareExchange(ref _end, s_disposed, null);
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        // The base class calls this once, when the last use has ended, and only for handles with a block. Disposal has already decided
        // which object frees the block. The finalizer decides here: another finalizer may have made the handle reachable again, and a
        // thread may be converting it to an owner at this moment.
        object? end = Interlocked.CompareExchange(ref _end, s_disposed, null);
        if (end is HandleAllocator heir)
        {
            heir.EndUses();
            return true;
        }

        // These allocators free by the address alone, as free does. With any other allocator, a block without a known size is lost: a free
        // with a wrong size might free other memory too.
        if (_byteCount is null && _allocator is not (OverAligningAllocator or AlignedAllocator))
        {
            return false;
        }

        if (end is null)
        {
            // No thread has disposed the handle: this is the finalizer.
            AllocationSite.Note(AllocationSite.Abandoned);
        }

        unsafe
        {
            // SAFETY: the handle owns the block, and no use of it goes on. This allocator frees it, and the size is known if it needs one.
            (_instrumented ?? _allocator).GiveBack((void*)handle, _byteCount.GetValueOrDefault(), Layout.DefaultAlignment);
        }

        AllocationSite.Forget();
        return true;
    }

    /// <summary>Disposes the handle for a new owner. Of all attempts to end the handle, one succeeds.</summary>
    private HandleAllocator GiveUp(int elementSize)
    {
        ThrowIfNoBlock();
        if (_byteCount is not { } byteCount)
        {
            throw new InvalidOperationException($"{GetType().Name}: how large is the block? Call {nameof(Initialize)} first.");
        }

        if (byteCount % (nuint)elementSize != 0)
        {
            throw new ArgumentException($"{byteCount:N0} bytes are not a whole number of elements of {elementSize:N0} bytes.");
        }

        HandleAllocator heir;
        unsafe
        {
            // SAFETY: the block has this byte count. The heir does not follow the address before it owns the block.
            heir = new HandleAllocator(_allocator, new Block((void*)handle, byteCount), GetType().Name);
        }

        if (Interlocked.CompareExchange(ref _end, heir, null) is not null)
        {
            throw NoBlock();
        }

        Disown();
        Dispose();
        return heir;
    }

    /// <summary>Gives the handle a block of known size.</summary>
    /// <safety>The caller owns the block and gives it up. It has this size, and this handle's allocator frees it.</safety>
    private unsafe void Hold(void* block, nuint byteCount)
    {
        SetAddress(block);
        base.Initialize(byteCount);
        _byteCount = byteCount;
    }

    /// <summary>Stops the tracking of a block whose ownership moved elsewhere.</summary>
    private void Disown()
    {
        unsafe
        {
            // SAFETY: the handle's address is not followed. If the handle is closed, it may be the address of another block by now.
            (IsClosed ? null : _instrumented)?.Disown((void*)handle);
        }
    }

    private void ThrowIfWrong(nuint byteCount)
    {
        unsafe
        {
            // SAFETY: the handle owns the block, so the allocator could free it. The caller uses the handle, which keeps the block allocated.
            ReturnedBlock.ThrowIfOutside(_allocator, (void*)handle, byteCount);
            ReturnedBlock.ThrowIfSmaller(_allocator, (void*)handle, byteCount);
        }
    }

    private void ThrowIfSized()
    {
        ThrowIfNoBlock();
        if (_byteCount is { } byteCount)
        {
            throw new InvalidOperationException($"The block is known to have {byteCount:N0} bytes, which does not change.");
        }
    }

    private void ThrowIfTaken()
    {
        if (!IsInvalid || IsClosed)
        {
            throw new InvalidOperationException($"This {GetType().Name} has, or had, a block. A handle holds one in its life.");
        }
    }

    private void ThrowIfNoBlock()
    {
        if (IsClosed || IsInvalid)
        {
            throw NoBlock();
        }
    }

    private ObjectDisposedException NoBlock() =>
        new(GetType().Name, "The handle has no block: it was disposed, or became an owner, or a native method returned null or an error number.");
}
