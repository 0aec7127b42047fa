using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>A range of addresses, whose pages get memory when they are committed, and lose it when they are decommitted.</summary>
/// <remarks>
/// <para>Reserving costs no memory, so a region may be larger than the machine's memory. Dispose it, or dispose the object that has it. A
/// region that was not disposed is freed by a finalizer and counted (<see cref="NativeMemoryTracker.AbandonedCount"/>).</para>
/// <para>Offsets and sizes are bytes. Ranges are whole pages of <see cref="PageByteCount"/>, except those of <see cref="Borrow{T}"/>, which
/// gives access to the contents and refuses pages without the needed access. While a borrow lasts, no page is made less accessible. After
/// <see cref="Dispose"/> no borrow can begin, and the addresses are freed when the last borrow ends.</para>
/// <para>All members may be called from all threads at any time.</para>
/// </remarks>
/// <example>
/// <code>
/// using var region = NativeRegion.Reserve(1L &lt;&lt; 40);
/// region.Commit(0, 1 &lt;&lt; 20);
/// using var numbers = region.Borrow&lt;long&gt;(start: 4096, length: 100);
/// numbers[99] = 42;
/// </code>
/// </example>
[SuppressMessage("Design", "CA1063", Justification = "There is no finalizer here, and nothing to derive from: Dispose is the whole pattern.")]
[SuppressMessage("Usage", "CA1816", Justification = "There is no finalizer to suppress.")]
public sealed class NativeRegion : IDisposable
{
    private readonly RegionMemory _memory;
    private OwnedBlock _ownedBlock;

    private NativeRegion(RegionMemory memory, OwnedBlock ownedBlock)
    {
        _memory = memory;
        _ownedBlock = ownedBlock;
    }

    /// <summary>The number of addresses, in bytes; 0 after <see cref="Dispose"/>.</summary>
    public long ByteCount => IsDisposed ? 0 : _memory.ByteCount;

    /// <summary>The number of committed bytes; 0 after <see cref="Dispose"/>.</summary>
    public long CommittedByteCount
    {
        get
        {
            using (_memory.Enter())
            {
                return IsDisposed ? 0 : _memory.CommittedByteCount;
            }
        }
    }

    /// <summary>The size of a page in bytes: the system's, or that of its huge pages if explicit ones were granted.</summary>
    public long PageByteCount => _memory.PageByteCount;

    /// <summary>The kind of the pages, which may be smaller than the requested kind.</summary>
    public HugePages GrantedHugePages => (HugePages)_memory.Kind;

    /// <summary>The reason why the pages are not of the requested kind, in one sentence; null if they are.</summary>
    public string? HugePagesRefusal => _memory.Refusal;

    /// <summary>True after <see cref="Dispose"/>.</summary>
    public bool IsDisposed => _ownedBlock.IsOver;

    /// <summary>Reserves addresses. None may be touched before it is committed.</summary>
    /// <param name="byteCount">In bytes; rounded up to whole pages.</param>
    /// <param name="options">Options; without them, ordinary pages.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is not positive, or too large to be rounded up.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no range of this size.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeRegion Reserve(
        long byteCount, NativeRegionOptions? options = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Reserve(byteCount, options, Host.Memory, AllocationSite.At(file, line, typeof(NativeRegion)));

    /// <inheritdoc cref="Reserve(long, NativeRegionOptions?, string?, int)"/>
    public static NativeRegion Reserve(long byteCount, NativeRegionOptions? options = null) => Reserve(byteCount, options, file: null);

    /// <summary>Reserves addresses of a given system, for a given allocation site.</summary>
    internal static NativeRegion Reserve(long byteCount, NativeRegionOptions? options, SystemMemory system, AllocationSite? site = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(byteCount);
        RegionMemory memory = RegionMemory.Reserve(byteCount, options ?? new NativeRegionOptions(), system);
        return new NativeRegion(memory, memory.Own(elementSize: 1, site ?? AllocationSite.Unknown));
    }

    /// <summary>Gives pages memory: afterwards the whole range is readable and writable. Allowed while the region is borrowed.</summary>
    /// <remarks>Pages without memory become zero; committed pages keep their contents.</remarks>
    /// <param name="start">In bytes; whole pages.</param>
    /// <param name="byteCount">In bytes; whole pages.</param>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is short, or, with <see cref="NativeRegionOptions.LockPages"/>, the process may not
    /// lock more memory. The region is unchanged.</exception>
    public void Commit(long start, long byteCount)
    {
        using (Enter(start, byteCount))
        {
            _memory.Commit(start, byteCount);
        }
    }

    /// <summary>Takes the memory of pages away, and gives it back to the system at once. They must be committed before the next use.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The region has more parts than the system allows. It is unchanged, though contents may be wiped.</exception>
    public void Decommit(long start, long byteCount)
    {
        using (Enter(start, byteCount, excludesBorrows: true))
        {
            _memory.Decommit(start, byteCount);
        }
    }

    /// <summary>Drops the contents of committed pages, and gives their memory back; they stay committed. Allowed while the region is borrowed.</summary>
    /// <remarks>On Linux and macOS each page reads as zero afterwards. On Windows a page may keep its contents for a while.</remarks>
    /// <inheritdoc cref="Unlock" path="/param|/exception"/>
    /// <exception cref="OutOfMemoryException">The system refused; the contents of some pages may be gone.</exception>
    public void Discard(long start, long byteCount)
    {
        using (Enter(start, byteCount, PageAccess.None))
        {
            _memory.Discard(start, byteCount);
        }
    }

    /// <summary>Makes committed pages more or less accessible. Their contents stay.</summary>
    /// <param name="start">In bytes; whole pages.</param>
    /// <param name="byteCount">In bytes; whole pages.</param>
    /// <param name="access">The new access.</param>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region, or the access is none of the three.</exception>
    /// <exception cref="InvalidOperationException">The region is borrowed, or some of the range is not committed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The region has more parts than the system allows. It is unchanged.</exception>
    public void Protect(long start, long byteCount, PageAccess access)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)access, (uint)PageAccess.ReadWrite, nameof(access));
        using (Enter(start, byteCount, PageAccess.None, excludesBorrows: true))
        {
            _memory.Protect(start, byteCount, access);
        }
    }

    /// <summary>Locks committed pages in memory, so that they never reach the swap file. Allowed while the region is borrowed.</summary>
    /// <inheritdoc cref="TryLock" path="/param|/exception"/>
    /// <exception cref="OutOfMemoryException">The process may not lock more memory: the message names the limit.</exception>
    public void Lock(long start, long byteCount)
    {
        if (!TryLock(start, byteCount))
        {
            throw _memory.NotLocked(byteCount);
        }
    }

    /// <summary>Does the same as <see cref="Lock"/>, but returns false if the process may not lock more memory. Then nothing changed.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed and readable.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public bool TryLock(long start, long byteCount)
    {
        using (Enter(start, byteCount, PageAccess.Read))
        {
            return _memory.TryLock(start, byteCount);
        }
    }

    /// <summary>Lets committed pages go to the swap file again. One call ends all locks of a page.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public void Unlock(long start, long byteCount)
    {
        using (Enter(start, byteCount, PageAccess.None))
        {
            _memory.Unlock(start, byteCount);
        }
    }

    /// <summary>Borrows part of the region, to read and write. Until the result is disposed, no page is decommitted, protected or freed.</summary>
    /// <param name="start">In bytes; a multiple of the element's alignment.</param>
    /// <param name="length">In elements.</param>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <typeparam name="T">Any type without references.</typeparam>
    /// <exception cref="ArgumentException">The range is not inside the region, or the elements would not be aligned.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed, readable and writable.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public Borrow<T> Borrow<T>(long start, long length)
        where T : unmanaged =>
        BorrowFor<T>(PageAccess.ReadWrite, start, length);

    /// <summary>Borrows part of the region, to read only. The pages may be protected against writing.</summary>
    /// <inheritdoc cref="Borrow{T}(long, long)" path="/param|/typeparam|/returns"/>
    /// <exception cref="ArgumentException">The range is not inside the region, or the elements would not be aligned.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed and readable.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public ReadOnlyBorrow<T> BorrowReadOnly<T>(long start, long length)
        where T : unmanaged =>
        new(BorrowFor<T>(PageAccess.Read, start, length));

    /// <summary>Lets no borrow begin, and gives addresses and memory back: now, or when the last borrow ends.</summary>
    /// <remarks>Only the first call has an effect, on any thread. Never throws.</remarks>
    public void Dispose()
    {
        _ownedBlock.Close();
        GC.KeepAlive(this);
    }

    /// <summary>Rounds a number of bytes up to whole pages.</summary>
    internal long RoundUp(long byteCount) => _memory.RoundUp(byteCount);

    /// <summary>Borrows the region; false if it was disposed. The caller touches only committed pages.</summary>
    internal bool TryBorrow(out BorrowHandle handle, out nint start)
    {
        bool isOpen = _ownedBlock.TryBorrowSlow(out handle);
        unsafe
        {
            // SAFETY: the address is kept as a number, and not followed.
            start = (nint)_memory.Block.Start;
        }

        GC.KeepAlive(this);
        return isOpen;
    }

    /// <summary>Keeps the first bytes, decommits the whole pages after them, and clears the rest of the last page that stays.</summary>
    /// <remarks>The region is committed from its start on, up to <paramref name="committed"/>.</remarks>
    /// <param name="kept">In bytes.</param>
    /// <param name="committed">In bytes; whole pages, not below <paramref name="kept"/>.</param>
    /// <param name="length">Set to <paramref name="newLength"/> before the next borrow can begin.</param>
    /// <param name="newLength">The owner's new length.</param>
    /// <exception cref="InvalidOperationException">The region is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    internal void CutOff(long kept, long committed, ref long length, long newLength)
    {
        long keptPages = _memory.RoundUp(kept);
        using (Enter(keptPages, committed - keptPages, excludesBorrows: true))
        {
            _memory.Decommit(keptPages, committed - keptPages);
            _memory.Clear(kept, keptPages - kept);
            Volatile.Write(ref length, newLength);
        }
    }

    private Borrow<T> BorrowFor<T>(PageAccess access, long start, long length)
        where T : unmanaged
    {
        long byteCount = (long)Layout.ByteCount(length, Unsafe.SizeOf<T>());
        Layout.ThrowIfOutside(start, byteCount, _memory.ByteCount);
        int alignment = (int)AlignmentOf<T>.Value;
        if (start % alignment != 0)
        {
            throw ThrowHelper.Unaligned(nameof(start), start, alignment);
        }

        // The borrow comes first: after it, no page becomes less accessible than this method finds it.
        if (!TryBorrow(out BorrowHandle handle, out nint region))
        {
            throw Disposed();
        }

        try
        {
            using (_memory.Enter())
            {
                _memory.ThrowIfNotAllowed(start, byteCount, access);
            }
        }
        catch
        {
            handle.End();
            throw;
        }

        unsafe
        {
            // SAFETY: the length elements from start on are inside the region, and allow this access until the borrow ends.
            return new Borrow<T>(handle, (byte*)region + start, length);
        }
    }

    /// <summary>Enters the lock. Until the result is disposed, the addresses are not freed.</summary>
    /// <param name="start">In bytes; whole pages.</param>
    /// <param name="byteCount">In bytes; whole pages.</param>
    /// <param name="needed">The access that the pages must allow; null if they need not be committed.</param>
    /// <param name="excludesBorrows">True to let no borrow begin until the result is disposed.</param>
    private Entry Enter(long start, long byteCount, PageAccess? needed = null, bool excludesBorrows = false)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        UninterruptedLock.Scope scope = _memory.Enter();
        try
        {
            if (IsDisposed)
            {
                throw Disposed();
            }

            if (needed is { } access)
            {
                _memory.ThrowIfNotAllowed(start, byteCount, access);
            }

            if (excludesBorrows && !_ownedBlock.TryEnterExclusive())
            {
                throw Disposed();
            }
        }
        catch
        {
            scope.Dispose();
            throw;
        }

        return new Entry(this, scope, excludesBorrows);
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed(nameof(NativeRegion));

    private readonly ref struct Entry(NativeRegion region, UninterruptedLock.Scope scope, bool excludesBorrows)
    {
        private readonly UninterruptedLock.Scope _scope = scope;

        public void Dispose()
        {
            if (excludesBorrows)
            {
                region._ownedBlock.EndExclusive();
            }

            _scope.Dispose();
            GC.KeepAlive(region);
        }
    }
}
