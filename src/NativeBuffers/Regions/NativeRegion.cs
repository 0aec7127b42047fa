using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>A range of addresses, whose pages get memory when they are committed, and lose it when they are decommitted.</summary>
/// <remarks>
/// <para>Reserving costs no memory, so a region may be larger than the machine's. Dispose it, or dispose what holds it; one that
/// was forgotten is freed by a finalizer and counted (<see cref="NativeMemoryTracker.AbandonedCount"/>).</para>
/// <para>Offsets and sizes are bytes. Ranges are whole pages of <see cref="PageByteCount"/>, but for those of
/// <see cref="Borrow{T}"/>, which is the way to the contents: it is refused where a page could not be touched. While anybody
/// borrows, no page is made less accessible; and after <see cref="Dispose"/> nobody else is let in, and the addresses are given
/// back when the last borrow ends.</para>
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

    private NativeRegion(RegionMemory memory, SharedHandle handle)
    {
        _memory = memory;
        _ownedBlock = new OwnedBlock(handle, memory.ByteCount);
    }

    /// <summary>How many addresses there are, in bytes; 0 once disposed.</summary>
    public long ByteCount => IsDisposed ? 0 : _memory.ByteCount;

    /// <summary>How many bytes are committed; 0 once disposed.</summary>
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

    /// <summary>What the pages are like, which may be less than was asked for.</summary>
    public HugePages GrantedHugePages => _memory.Kind switch
    {
        PageKind.Explicit => HugePages.Explicit,
        PageKind.Transparent => HugePages.Transparent,
        _ => HugePages.None,
    };

    /// <summary>Why the pages are not as asked for, in one sentence; null if they are.</summary>
    public string? HugePagesRefusal => _memory.Refusal;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => _ownedBlock.IsOver;

    /// <summary>Reserves addresses. None may be touched before it is committed.</summary>
    /// <param name="byteCount">How many, in bytes; rounded up to whole pages.</param>
    /// <param name="options">What the region is to be like.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is not positive, or too large to be rounded up.</exception>
    /// <exception cref="OutOfMemoryException">There are not so many addresses.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeRegion Reserve(
        long byteCount, NativeRegionOptions? options = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Reserve(byteCount, options, Host.Memory, AllocationSite.At(file, line, typeof(NativeRegion)));

    /// <inheritdoc cref="Reserve(long, NativeRegionOptions?, string?, int)"/>
    public static NativeRegion Reserve(long byteCount, NativeRegionOptions? options = null) => Reserve(byteCount, options, file: null);

    /// <summary>As the other, of a system.</summary>
    internal static NativeRegion Reserve(long byteCount, NativeRegionOptions? options, SystemMemory system) =>
        Reserve(byteCount, options, system, AllocationSite.Unknown);

    /// <summary>As the other, for a caller that has kept its site.</summary>
    internal static NativeRegion Reserve(long byteCount, NativeRegionOptions? options, SystemMemory system, AllocationSite site)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(byteCount);
        RegionMemory memory = RegionMemory.Reserve(byteCount, options ?? new NativeRegionOptions(), system);
        unsafe
        {
            // SAFETY: the addresses were reserved for this region, and its allocator frees them.
            try
            {
                AllocationSite.Note(site);
                return new NativeRegion(memory, SharedHandle.Adopt(memory.Start, (nuint)memory.ByteCount, new RegionAllocator(memory)));
            }
            catch (OutOfMemoryException)
            {
                memory.Free();
                throw;
            }
        }
    }

    /// <summary>Gives pages memory: afterwards the whole range is readable and writable. Allowed while the region is borrowed.</summary>
    /// <remarks>Pages that had no memory are zero; the others keep their contents.</remarks>
    /// <param name="start">In bytes; whole pages.</param>
    /// <param name="byteCount">In bytes; whole pages.</param>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The system has not so much memory, or, with <see cref="NativeRegionOptions.LockPages"/>,
    /// does not let the process lock so much; the region is as it was.</exception>
    public void Commit(long start, long byteCount)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        using (EnterOpen())
        {
            _memory.Commit(start, byteCount);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Takes the memory of pages, and gives it back to the system at once. They may not be touched before they are committed again.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The region is in more pieces than the system can count; it is as it was, though contents may be wiped.</exception>
    public void Decommit(long start, long byteCount)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        using (EnterOpen())
        {
            KeepOut();
            try
            {
                _memory.Decommit(start, byteCount);
            }
            finally
            {
                _ownedBlock.EndExclusive();
            }
        }

        GC.KeepAlive(this);
    }

    /// <summary>Drops the contents of committed pages, and gives their memory back; they stay committed. Allowed while the region is borrowed.</summary>
    /// <remarks>On Linux and macOS each page reads as zero afterwards. On Windows a page may keep its contents for a while.</remarks>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The system refused; the contents of some pages may be gone.</exception>
    public void Discard(long start, long byteCount)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        using (EnterOpen())
        {
            _memory.ThrowIfNotAllowed(start, byteCount, PageAccess.None);
            _memory.Discard(start, byteCount);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Makes committed pages more or less accessible. Their contents stay.</summary>
    /// <param name="start">In bytes; whole pages.</param>
    /// <param name="byteCount">In bytes; whole pages.</param>
    /// <param name="access">What may be done with them.</param>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region, or the access is none of the three.</exception>
    /// <exception cref="InvalidOperationException">The region is borrowed, or some of the range is not committed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The region is in more pieces than the system can count; it is as it was.</exception>
    public void Protect(long start, long byteCount, PageAccess access)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)access, (uint)PageAccess.ReadWrite, nameof(access));
        using (EnterOpen())
        {
            _memory.ThrowIfNotAllowed(start, byteCount, PageAccess.None);
            KeepOut();
            try
            {
                _memory.Protect(start, byteCount, access);
            }
            finally
            {
                _ownedBlock.EndExclusive();
            }
        }

        GC.KeepAlive(this);
    }

    /// <summary>Locks committed pages in memory, so that they never reach the swap file. Allowed while the region is borrowed.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed and readable.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The system does not let the process lock so much: the message names the limit.</exception>
    public void Lock(long start, long byteCount)
    {
        if (!TryLock(start, byteCount))
        {
            throw _memory.NotLocked(byteCount);
        }
    }

    /// <summary>As <see cref="Lock"/>; false, and nothing changed, when the system does not let the process lock so much.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed and readable.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public bool TryLock(long start, long byteCount)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        bool isLocked;
        using (EnterOpen())
        {
            _memory.ThrowIfNotAllowed(start, byteCount, PageAccess.Read);
            isLocked = _memory.TryLock(start, byteCount);
        }

        GC.KeepAlive(this);
        return isLocked;
    }

    /// <summary>Lets committed pages go to the swap file again, however often they were locked.</summary>
    /// <inheritdoc cref="Commit" path="/param"/>
    /// <exception cref="ArgumentException">The range is not whole pages, or not inside the region.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public void Unlock(long start, long byteCount)
    {
        _memory.ThrowIfNotWholePages(start, byteCount);
        using (EnterOpen())
        {
            _memory.ThrowIfNotAllowed(start, byteCount, PageAccess.None);
            _memory.Unlock(start, byteCount);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Borrows part of the region, to read and write: none of the region is decommitted, protected or freed before the result is disposed.</summary>
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

    /// <summary>As <see cref="Borrow{T}(long, long)"/>, to read only: for pages that are protected against writing, too.</summary>
    /// <inheritdoc cref="Borrow{T}(long, long)" path="/param|/typeparam|/returns"/>
    /// <exception cref="ArgumentException">The range is not inside the region, or the elements would not be aligned.</exception>
    /// <exception cref="InvalidOperationException">Some of the range is not committed and readable.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    public ReadOnlyBorrow<T> BorrowReadOnly<T>(long start, long length)
        where T : unmanaged =>
        new(BorrowFor<T>(PageAccess.Read, start, length));

    /// <summary>Lets nobody in any more, and gives addresses and memory back: now, or when the last borrow ends.</summary>
    /// <remarks>Once only: a second call does nothing, from whichever thread. Never throws.</remarks>
    public void Dispose()
    {
        _ownedBlock.Close();
        GC.KeepAlive(this);
    }

    /// <summary>Rounds a number of bytes up to whole pages.</summary>
    internal long RoundUp(long byteCount) => _memory.RoundUp(byteCount);

    /// <summary>Borrows the region; false when it was disposed. The caller knows which pages may be touched.</summary>
    internal bool TryBorrow(out BorrowMark mark, out nint start)
    {
        bool isOpen = _ownedBlock.TryBorrowSlow(out mark);
        unsafe
        {
            // SAFETY: kept as a number, not followed.
            start = (nint)_memory.Start;
        }

        GC.KeepAlive(this);
        return isOpen;
    }

    /// <summary>Keeps the first bytes, decommits whole pages behind them, and clears the rest of the last page that stays.</summary>
    /// <remarks>The region is committed from its start on, up to <paramref name="committed"/>.</remarks>
    /// <param name="kept">In bytes.</param>
    /// <param name="committed">In bytes; whole pages, not below <paramref name="kept"/>.</param>
    /// <param name="length">What becomes <paramref name="newLength"/> before anybody is let in again.</param>
    /// <param name="newLength">The owner's new length.</param>
    /// <exception cref="InvalidOperationException">The region is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The region was disposed.</exception>
    internal void CutOff(long kept, long committed, ref long length, long newLength)
    {
        long keptPages = _memory.RoundUp(kept);
        using (EnterOpen())
        {
            KeepOut();
            try
            {
                _memory.Decommit(keptPages, committed - keptPages);
                _memory.Clear(kept, keptPages - kept);
                Volatile.Write(ref length, newLength);
            }
            finally
            {
                _ownedBlock.EndExclusive();
            }
        }

        GC.KeepAlive(this);
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

        // The mark first: from then on no page becomes less accessible than it is found to be.
        if (!TryBorrow(out BorrowMark mark, out nint region))
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
            mark.End();
            throw;
        }

        unsafe
        {
            // SAFETY: the range is inside the region, and may be used so until the mark ends.
            return new Borrow<T>(mark, (byte*)region + start, length);
        }
    }

    private void KeepOut()
    {
        if (!_ownedBlock.TryEnterExclusive())
        {
            throw Disposed();
        }
    }

    /// <summary>Enters the lock; while it is kept, the addresses are not freed.</summary>
    private System.Threading.Lock.Scope EnterOpen()
    {
        System.Threading.Lock.Scope scope = _memory.Enter();
        if (IsDisposed)
        {
            scope.Dispose();
            throw Disposed();
        }

        return scope;
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed(nameof(NativeRegion));
}
