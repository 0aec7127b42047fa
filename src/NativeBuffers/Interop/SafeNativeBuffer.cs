using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Interop;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A block of native memory as a <see cref="SafeHandle"/>: for parameters and results of P/Invoke methods.</summary>
/// <remarks>
/// <para>The type of a handle is its free function, so that every block is freed by the function that matches: by
/// <see cref="SafeHandle.Dispose()"/>, or by the finalizer if that was forgotten. A native call that is in flight keeps the
/// block alive: what is disposed in the middle of it is freed when it returns. As with every <see cref="SafeHandle"/>, new
/// calls are refused from the moment that no older one is in flight.</para>
/// <para>The base class reads and writes (<see cref="SafeBuffer.Read{T}"/>, <see cref="SafeBuffer.WriteSpan{T}"/>), always
/// inside the block (unless <see cref="SafeBuffer.Initialize(ulong)"/> is called through a variable of that type, and told another
/// size), and <see cref="UnmanagedMemoryStream"/> takes a handle as it is. A handle that a native method
/// returned knows its block's address and not its size: say it once, by <see cref="Initialize(ulong)"/>, before reading or
/// writing. If the function returned null or an error number (-4095 to -1), <see cref="SafeHandle.IsInvalid"/> is true, and the handle frees nothing.</para>
/// <para>All members may be used from all threads but for <c>Initialize</c>, which comes before the handle is shared.</para>
/// <para>For a free function that has no type here, derive a sealed class with a public constructor without parameters,
/// over the allocator of <see cref="NativeAllocator.FromFunctions"/>. Its blocks come from <c>AllocateBlock</c> and <c>TakeBlock</c>; an
/// address from elsewhere needs the unsafe <see cref="SetBlock"/>:</para>
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

    // What stands in front of it and knows the block; null if nothing does.
    private NativeAllocator? _watched;

    // Known when _isSized. Not ByteLength: that can be set again through a variable of the base class.
    private nuint _byteCount;
    private bool _isSized;

    // How the handle ended: null until somebody ends it, then s_disposed, or who frees the block that became an owner's.
    // The base class has no such state: disposed in the middle of a native call, a SafeHandle is open until that returns.
    private object? _end;

    /// <summary>A handle without a block.</summary>
    /// <param name="allocator">Frees the block.</param>
    /// <exception cref="ArgumentNullException"><paramref name="allocator"/> is null.</exception>
    protected SafeNativeBuffer(NativeAllocator allocator)
    {
        ArgumentNullException.ThrowIfNull(allocator);
        _allocator = allocator;
    }

    /// <summary>Says how large the block is that a native method returned. Once; handles that were allocated here know it.</summary>
    /// <remarks>
    /// The block must have these bytes: reads and writes are checked against them and nothing else, and where the free
    /// function needs a size it is told this one.
    /// </remarks>
    /// <param name="numBytes">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">No block can be so large.</exception>
    /// <exception cref="InvalidOperationException">The size is known already, or a block of this size would reach the last page of the address space.</exception>
    /// <exception cref="ObjectDisposedException">There is no block: the method returned null, or the handle was disposed.</exception>
    public new void Initialize(ulong numBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(numBytes, Layout.LargestByteCount);
        ThrowIfSized();
        unsafe
        {
            // SAFETY: the handle's address is compared with numBytes, and not followed: its lifetime does not matter.
            ReturnedBlock.ThrowIfOutside(_allocator, (void*)handle, (nuint)numBytes);
        }

        base.Initialize(numBytes);
        Remember((nuint)numBytes);
    }

    /// <summary>As <see cref="Initialize(ulong)"/>, in elements of some size.</summary>
    /// <param name="numElements">In elements.</param>
    /// <param name="sizeOfEachElement">In bytes.</param>
    /// <inheritdoc cref="Initialize(ulong)" path="/remarks|/exception"/>
    public new void Initialize(uint numElements, uint sizeOfEachElement) => Initialize((ulong)numElements * sizeOfEachElement);

    /// <summary>As <see cref="Initialize(ulong)"/>, in elements of a type.</summary>
    /// <param name="numElements">In elements, as far apart as <see cref="SafeBuffer.ReadArray{T}"/> takes them to be.</param>
    /// <inheritdoc cref="Initialize(ulong)" path="/remarks|/exception"/>
    public new void Initialize<T>(uint numElements)
        where T : struct
    {
        ThrowIfSized();
        base.Initialize<T>(numElements);
        unsafe
        {
            // SAFETY: the handle's address is compared with ByteLength, and not followed: its lifetime does not matter.
            ReturnedBlock.ThrowIfOutside(_allocator, (void*)handle, (nuint)ByteLength);
        }

        Remember((nuint)ByteLength);
    }

    /// <summary>Says that a native method has taken the block over: the handle does not free it.</summary>
    /// <exception cref="ObjectDisposedException">An owner has the block: see <see cref="ToOwner{T}()"/>.</exception>
    public new void SetHandleAsInvalid()
    {
        // If this closed the handle, the handle could not tell its heir that the last call has ended.
        ObjectDisposedException.ThrowIf(Interlocked.CompareExchange(ref _end, s_disposed, null) is HandleAllocator, this);
        Disown();
        base.SetHandleAsInvalid();
    }

    /// <summary>Hands the block to an owner, without copying. The handle is disposed.</summary>
    /// <remarks>
    /// <para>A native call that has the handle and has not returned yet stays safe: the block is freed when the owner is
    /// gone and the last such call has returned, whatever comes later. If that call writes to the block, it writes to
    /// what the owner sees. Until it returns, do not free by hand what <c>Release</c> of the owner gave.</para>
    /// <para>Of several threads that convert or dispose the same handle, one succeeds; the others' conversions throw.</para>
    /// </remarks>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>An owner of all bytes, which the caller disposes. It resizes with the allocator of the handle's kind.</returns>
    /// <exception cref="ArgumentException">The byte count is no multiple of the size of <typeparamref name="T"/>; nothing changed.</exception>
    /// <exception cref="InvalidOperationException">The size was never told by <see cref="Initialize(ulong)"/>; nothing changed.</exception>
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
            // SAFETY: GiveUp succeeds once, and from then on the handle frees nothing. The heir waits for calls in flight;
            // if there were none, the block is like any other of its allocator.
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

    /// <summary>Allocates this handle's block: for factory methods, once, before anybody else has the handle.</summary>
    /// <param name="byteCount">In bytes; 0 gives a handle that is valid and has nothing to read.</param>
    /// <param name="zeroed">Whether every byte must be zero.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>; better, what the factory method was told.</param>
    /// <param name="line">Filled in by the compiler, likewise.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The handle has, or had, a block.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [OverloadResolutionPriority(1)]
    protected void AllocateBlock(long byteCount, bool zeroed, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ThrowIfTaken();
        nuint size = Layout.ByteCount(byteCount, elementSize: 1);
        NativeAllocator watched = AllocatorHooks.OverAdopted(_allocator);
        AllocationSite.Note(file, line, GetType());
        try
        {
            unsafe
            {
                // SAFETY: nobody else knows the block, and it has this size.
                void* block = watched.Obtain(size, Layout.DefaultAlignment, zeroed);
                Hold(block != null ? block : throw watched.RefusalOf(size), size);
            }
        }
        finally
        {
            AllocationSite.Forget();
        }

        _watched = watched;
    }

    /// <inheritdoc cref="AllocateBlock(long, bool, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected void AllocateBlock(long byteCount, bool zeroed) => AllocateBlock(byteCount, zeroed, file: null);

    /// <summary>Takes over an owner's block without copying: for factory methods, once, before anybody else has the handle.</summary>
    /// <param name="owner">Disposed afterwards, unless this throws.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>; better, what the factory method was told.</param>
    /// <param name="line">Filled in by the compiler, likewise.</param>
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

        // Moved first: nobody else knows the new owner, so that its length stays until the release. All that can fail comes
        // before that: the handle exists, and nothing is allocated after it.
        NativeAllocator watched = AllocatorHooks.OverAdopted(freedBy);
        NativeMemoryOwner<T> moved = owner.Move();
        nuint byteCount = Layout.ByteCount(moved.Length, Unsafe.SizeOf<T>());
        unsafe
        {
            // SAFETY: the owner gives up the block, which has this size, and Frees said that this handle may free it.
            void* block = moved.Release();
            Hold(block, byteCount);
            AllocationSite.Note(file, line, GetType());
            watched.Adopt(block, byteCount);
            AllocationSite.Forget();
        }

        _allocator = freedBy;
        _watched = watched;
    }

    /// <inheritdoc cref="TakeBlock{T}(NativeMemoryOwner{T}, string?, int)"/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected void TakeBlock<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => TakeBlock(owner, file: null);

    /// <summary>Takes over a block that a native function returned. For factory methods, once. With null the handle has no block.</summary>
    /// <param name="block">This handle's free function frees it, unless null. <see cref="Initialize(ulong)"/> sets its size.</param>
    /// <safety>The caller owns the block and gives it up. The allocator of the constructor can free the block, and until then it lives.</safety>
    /// <exception cref="InvalidOperationException">The handle has, or had, a block.</exception>
    protected unsafe void SetBlock(void* block)
    {
        ThrowIfTaken();
        SetAddress(block);
    }

    /// <summary>Whether this handle's free function frees the blocks of an allocator.</summary>
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
        // The base class calls this once, when the last use has ended, and not for handles without a block. Disposal has
        // already decided which object frees the block. The finalizer decides it here: another finalizer may have made the
        // handle reachable again, and a thread may be making an owner of it at this moment.
        object? end = Interlocked.CompareExchange(ref _end, s_disposed, null);
        if (end is HandleAllocator heir)
        {
            heir.EndUses();
            return true;
        }

        if (!_isSized && !FreesWithoutSize(_allocator))
        {
            // Lost, rather than somebody else's memory freed with it.
            return false;
        }

        if (end is null)
        {
            // Nobody has disposed it: this is the finalizer.
            AllocationSite.Note(AllocationSite.Abandoned);
        }

        unsafe
        {
            // SAFETY: the handle owns the block, which this allocator frees; if it asks for the size, that is known.
            (_watched ?? _allocator).GiveBack((void*)handle, _byteCount, Layout.DefaultAlignment);
        }

        AllocationSite.Forget();
        return true;
    }

    /// <summary>The families whose functions are like <c>free</c>: the address is enough.</summary>
    private static bool FreesWithoutSize(NativeAllocator allocator) => allocator is OverAligningAllocator or AlignedAllocator;

    /// <summary>Disposes the handle on behalf of an owner to come. Of all who try to end the handle one gets past here.</summary>
    private HandleAllocator GiveUp(int elementSize)
    {
        ThrowIfNoBlock();
        if (!_isSized)
        {
            throw new InvalidOperationException($"{GetType().Name}: how large is the block? Call {nameof(Initialize)} first.");
        }

        if (_byteCount % (nuint)elementSize != 0)
        {
            throw new ArgumentException($"{_byteCount:N0} bytes are not a whole number of elements of {elementSize:N0} bytes.");
        }

        HandleAllocator heir;
        unsafe
        {
            // SAFETY: the address is not followed before the heir owns it.
            heir = new HandleAllocator(_allocator, new Block((void*)handle, _byteCount), GetType().Name);
        }

        if (Interlocked.CompareExchange(ref _end, heir, null) is not null)
        {
            throw NoBlock();
        }

        Disown();
        Dispose();
        return heir;
    }

    /// <safety>The block belongs to nobody else, has this size, and is freed by this handle's allocator.</safety>
    private unsafe void Hold(void* block, nuint byteCount)
    {
        SetAddress(block);
        base.Initialize(byteCount);
        Remember(byteCount);
    }

    /// <summary>Tells whoever watches over the block that it is this handle's no more.</summary>
    private void Disown()
    {
        unsafe
        {
            // SAFETY: the handle's address is not followed. If the handle is closed, it may be the address of another block by now.
            (IsClosed ? null : _watched)?.Disown((void*)handle);
        }
    }

    private void Remember(nuint byteCount)
    {
        _byteCount = byteCount;
        _isSized = true;
    }

    private void ThrowIfSized()
    {
        ThrowIfNoBlock();
        if (_isSized)
        {
            throw new InvalidOperationException($"The block is known to have {_byteCount:N0} bytes, which does not change.");
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
