using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: whole pages, COM's task memory, and the freed memory of the C library.</summary>
/// <remarks>
/// One derived class a system. Null and false mean that the system refused. After a refusal, a part of the range may have changed; the
/// caller restores it. Fresh pages are zero.
/// </remarks>
/// <safety>
/// <para>Byte counts are multiples of <see cref="PageSize"/> and not zero. Alignments are powers of two. A start address comes from
/// <see cref="Allocate"/>, <see cref="Resize"/> or <see cref="Reserve"/>, with its byte count.</para>
/// <para>A part of a reservation is whole pages of its kind. It is committed for <see cref="Protect"/>, <see cref="Discard"/>,
/// <see cref="Lock"/> and <see cref="Unlock"/>, and not committed for <see cref="Commit"/>. No other thread changes it at the same time, or
/// touches pages that are decommitted or made less accessible.</para>
/// </safety>
internal abstract class SystemMemory
{
    /// <summary>The size of a page in bytes.</summary>
    public static nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    /// <summary>The reason why <see cref="Lock"/> is refused: one sentence, which names the limit.</summary>
    public abstract string LockLimit { get; }

    /// <summary>The largest number of mappings that the process may have at a time, if the system limits it.</summary>
    public virtual int MostMappings => int.MaxValue;

    /// <summary>The size of the huge pages of <see cref="FillWithHugePages"/>, in bytes; 0 if the system gives none.</summary>
    public virtual nuint HugePageSize => 0;

    /// <summary>True if the system has guard pages, which cannot be touched and do not count as mappings.</summary>
    public virtual bool HasGuardPages => false;

    /// <summary>Readable and writable pages, all zero.</summary>
    public abstract unsafe void* Allocate(nuint byteCount, nuint alignment);

    /// <summary>Gives fresh pages of <see cref="Allocate"/> their memory at once, in huge pages if the system has some to give.</summary>
    /// <remarks>The system makes no huge pages of them later. So the memory of a part that is discarded stays away.</remarks>
    /// <safety>The range begins at a multiple of <see cref="HugePageSize"/>, and has whole huge pages. The caller has it.</safety>
    public virtual unsafe void FillWithHugePages(void* start, nuint byteCount)
    {
    }

    /// <summary>Grows or shrinks, by moving pages instead of bytes if the system can. Null if refused, and then nothing changed.</summary>
    /// <remarks>The alignment of the result is that of a page.</remarks>
    public abstract unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount);

    /// <summary>Gives the pages back.</summary>
    public abstract unsafe void Free(void* start, nuint byteCount);

    /// <summary>Addresses without memory, which must not be touched.</summary>
    public abstract unsafe void* Reserve(nuint byteCount, PageKind kind);

    /// <summary>The size of a page of a reservation, in bytes; 0 if this system has no such pages.</summary>
    public virtual nuint PageSizeOf(PageKind kind) => kind == PageKind.Ordinary ? PageSize : 0;

    /// <summary>The reason why <see cref="Reserve"/> refuses pages of a kind: one sentence.</summary>
    public virtual string RefusalOf(PageKind kind) => "This system gives huge pages to no part of a reservation.";

    /// <summary>Gives reserved pages memory: readable, writable, zero.</summary>
    public abstract unsafe bool Commit(void* start, nuint byteCount);

    /// <summary>Takes the memory away; the addresses stay reserved. Pages without memory stay unchanged.</summary>
    public abstract unsafe bool Decommit(void* start, nuint byteCount, PageKind kind);

    /// <summary>Drops the contents, and gives their memory back. The access to the pages stays the same.</summary>
    /// <remarks>Other threads may read and write the range at the same time.</remarks>
    public abstract unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable);

    /// <summary>Makes pages more or less accessible; contents stay.</summary>
    public abstract unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable);

    /// <summary>Makes pages of <see cref="Allocate"/> guard pages, without contents and memory.</summary>
    public virtual unsafe bool Guard(void* start, nuint byteCount) => false;

    /// <summary>Makes guard pages readable and writable again, all zero.</summary>
    public virtual unsafe bool Unguard(void* start, nuint byteCount) => false;

    /// <summary>Keeps readable pages in memory, and out of the swap file.</summary>
    public abstract unsafe bool Lock(void* start, nuint byteCount);

    /// <summary>Lets pages go to the swap file again.</summary>
    public abstract unsafe void Unlock(void* start, nuint byteCount);

    /// <summary>Finds the pages that have contents in memory: one byte a page of <see cref="PageSize"/>, not zero for those that may have.</summary>
    /// <remarks>A page that was never touched has none. Contents that are only in the swap file do not count.</remarks>
    public virtual unsafe void FindResident(void* start, Span<byte> pages) => pages.Fill(1);

    /// <summary>A block of COM's task memory; null if refused. <see cref="Marshal.FreeCoTaskMem"/> frees it.</summary>
    public unsafe void* AllocateTask(nuint byteCount) => ResizeTask(null, byteCount);

    /// <summary>Resizes a block of COM's task memory; null if refused, and then nothing changed.</summary>
    /// <remarks>Here because <see cref="Marshal"/> takes the size as an <see cref="int"/>. Except on Windows, task memory is <c>malloc</c>'s.</remarks>
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

    /// <summary>The bytes that a block of <c>malloc</c> has: some more than it was asked for. <see cref="nuint.MaxValue"/> if the system does not tell.</summary>
    /// <safety>The block is allocated: <see cref="NativeMemory.Free"/> could free it, or <see cref="Marshal.FreeCoTaskMem"/>.</safety>
    public virtual unsafe nuint HeapByteCountOf(void* block) => nuint.MaxValue;

    /// <summary>False if some page of a range has no mapping.</summary>
    public virtual unsafe bool IsMapped(void* start, nuint byteCount) => true;

    /// <summary>Asks the C library to give freed memory back to the system. Does nothing if it has no such call.</summary>
    public virtual void ReleaseFreedHeap()
    {
    }

    /// <summary><see cref="Resize"/> for systems that cannot move pages.</summary>
    /// <inheritdoc cref="SystemMemory" path="/safety"/>
    protected unsafe void* ResizeByCopy(void* start, nuint oldByteCount, nuint newByteCount)
    {
        void* moved = Allocate(newByteCount, PageSize);
        if (moved != null)
        {
            NativeMemory.Copy(start, moved, nuint.Min(oldByteCount, newByteCount));
            Free(start, oldByteCount);
        }

        return moved;
    }
}
