using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: whole pages, and freed heap memory given back.</summary>
/// <remarks>
/// <para>One derived class a system. Preconditions, stated once for all of them:
/// byte counts are multiples of <see cref="PageSize"/> and not zero; alignments are powers of two; a start address is
/// one that <see cref="Allocate"/>, <see cref="Resize"/> or <see cref="Reserve"/> returned, with the byte count it was
/// returned for. Results: null means that the system refused; fresh pages are zero.</para>
/// <para>For parts of what <see cref="Reserve"/> returned: the range is whole pages of its kind, inside one reservation;
/// what <see cref="Protect"/>, <see cref="Discard"/>, <see cref="Lock"/> and <see cref="Unlock"/> are told is committed, and
/// what <see cref="Commit"/> is told is not. Nobody else changes the range at the same time, and nobody touches pages that
/// are being decommitted or made less accessible. False means that the system refused; part of the range may have been
/// changed then, and the caller puts it back.</para>
/// </remarks>
internal abstract class SystemMemory
{
    /// <summary>The system this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the three that the library supports.</exception>
    /// <summary>The size of a page in bytes.</summary>
    public static nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    /// <summary>Readable and writable pages, all zero; null when refused.</summary>
    public abstract unsafe void* Allocate(nuint byteCount, nuint alignment);

    /// <summary>Grows or shrinks, moving pages and not bytes where the system can; null when refused, and then nothing changed.</summary>
    /// <remarks>The alignment of the result is that of a page.</remarks>
    public abstract unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount);

    /// <summary>Gives the pages back.</summary>
    public abstract unsafe void Free(void* start, nuint byteCount);

    /// <summary>Addresses without memory: nothing may be touched; null when refused.</summary>
    public abstract unsafe void* Reserve(nuint byteCount, PageKind kind);

    /// <summary>How large a page of a reservation is, in bytes; 0 when there are no such pages here.</summary>
    public virtual nuint PageSizeOf(PageKind kind) => kind == PageKind.Ordinary ? PageSize : 0;

    /// <summary>Why <see cref="Reserve"/> refuses pages of a kind: one sentence.</summary>
    public virtual string RefusalOf(PageKind kind) => "This system gives huge pages to no part of a reservation.";

    /// <summary>Gives reserved pages memory: readable, writable, zero. False when refused.</summary>
    public abstract unsafe bool Commit(void* start, nuint byteCount);

    /// <summary>Takes the memory away; the addresses stay reserved. Pages that have none are left alone. False when refused.</summary>
    public abstract unsafe bool Decommit(void* start, nuint byteCount, PageKind kind);

    /// <summary>Drops the contents, and gives their memory back; the pages stay as accessible as they are. False when refused.</summary>
    /// <remarks>Others may read and write the range meanwhile.</remarks>
    public abstract unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable);

    /// <summary>Makes pages more or less accessible; contents stay. False when refused.</summary>
    public abstract unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable);

    /// <summary>Whether the system has guard pages, which cannot be touched and are no mappings of their own.</summary>
    public virtual bool HasGuardPages => false;

    /// <summary>Makes pages of <see cref="Allocate"/> guard pages, without contents and memory. False when refused.</summary>
    public virtual unsafe bool Guard(void* start, nuint byteCount) => false;

    /// <summary>Makes guard pages readable and writable again, all zero. False when refused.</summary>
    public virtual unsafe bool Unguard(void* start, nuint byteCount) => false;

    /// <summary>Keeps readable pages in memory, and out of the swap file. False when refused.</summary>
    public abstract unsafe bool Lock(void* start, nuint byteCount);

    /// <summary>Lets pages go to the swap file again.</summary>
    public abstract unsafe void Unlock(void* start, nuint byteCount);

    /// <summary>What limits <see cref="Lock"/>: one sentence, which names the limit.</summary>
    public abstract string LockLimit { get; }

    /// <summary>Which pages have contents in memory: one byte a page of <see cref="PageSize"/>, not zero for those that may have.</summary>
    /// <remarks>What was never touched has none, and what is in the swap file only, cannot be reached there.</remarks>
    public virtual unsafe void FindResident(void* start, Span<byte> pages) => pages.Fill(1);

    /// <summary>A block of COM's task memory; null when refused. Freed by <see cref="Marshal.FreeCoTaskMem"/>.</summary>
    /// <remarks>Here because <see cref="Marshal"/> counts it in an <see cref="int"/>. But for Windows it is <c>malloc</c>.</remarks>
    public virtual unsafe void* AllocateTask(nuint byteCount)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            return NativeMemory.Alloc(byteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Resizes a block of COM's task memory; null when refused, and then nothing changed.</summary>
    public virtual unsafe void* ResizeTask(void* block, nuint byteCount)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            return NativeMemory.Realloc(block, byteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>How many pieces of address space the process may have at a time, where the system limits that.</summary>
    public virtual int MostMappings => int.MaxValue;

    /// <summary>Asks the C library to give what was freed back to the system; does nothing where there is no such call.</summary>
    public virtual void ReleaseFreedHeap()
    {
    }
}
