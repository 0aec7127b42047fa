using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>The border to the operating system: whole pages, and freed heap memory given back.</summary>
/// <remarks>
/// One derived class a system. Preconditions, stated once for all of them:
/// byte counts are multiples of <see cref="PageSize"/> and not zero; alignments are powers of two; a start address is
/// one that <see cref="Allocate"/> or <see cref="Resize"/> returned, with the byte count it was returned for.
/// Results: null means that the system refused; fresh pages are zero.
/// </remarks>
internal abstract class SystemMemory
{
    /// <summary>The system this process runs on.</summary>
    public static SystemMemory Current { get; } =
        OperatingSystem.IsWindows() ? new WindowsMemory()
        : OperatingSystem.IsMacOS() ? new MacMemory()
        : new LinuxMemory();

    /// <summary>The size of a page in bytes.</summary>
    public static nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    /// <summary>Readable and writable pages, all zero; null when refused.</summary>
    public abstract unsafe void* Allocate(nuint byteCount, nuint alignment);

    /// <summary>Grows or shrinks, moving pages and not bytes where the system can; null when refused, and then nothing changed.</summary>
    /// <remarks>The alignment of the result is that of a page.</remarks>
    public abstract unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount);

    /// <summary>Gives the pages back.</summary>
    public abstract unsafe void Free(void* start, nuint byteCount);

    /// <summary>A block of COM's task memory; null when refused. Freed by <see cref="Marshal.FreeCoTaskMem"/>.</summary>
    /// <remarks>Here because <see cref="Marshal"/> counts it in an <see cref="int"/>. But for Windows it is <c>malloc</c>.</remarks>
    public virtual unsafe void* AllocateTask(nuint byteCount)
    {
        try
        {
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
            return NativeMemory.Realloc(block, byteCount);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Asks the C library to give what was freed back to the system; does nothing where there is no such call.</summary>
    public virtual void ReleaseFreedHeap()
    {
    }
}
