using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>What Unix systems share: <c>mmap</c>, <c>munmap</c>, <c>msync</c> and <c>madvise</c>.</summary>
internal abstract partial class UnixMaps : SystemMaps
{
    private const int ReadOnly = 0x1;
    private const int ReadWrite = 0x1 | 0x2;
    private const int Shared = 0x01;
    private const int Sequential = 2;

    /// <summary>The system's number for "return when it is on the disk".</summary>
    protected abstract int WaitForDisk { get; }

    public sealed override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite) =>
        Supply.IsRefused ? null : MappedOrNull(Map(null, byteCount, canWrite ? ReadWrite : ReadOnly, Shared, file, 0));

    public sealed override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount)
    {
        long lengthBefore = RandomAccess.GetLength(file);
        if (newByteCount < oldByteCount || (long)newByteCount > lengthBefore)
        {
            // Else somebody has made it longer: to grow must not cut that.
            SetLength(file, (long)newByteCount);
        }

        void* remapped = null;
        try
        {
            return remapped = Remap(start, oldByteCount, newByteCount, file);
        }
        finally
        {
            if (remapped == null && (long)newByteCount > lengthBefore)
            {
                // Only what grew can arrive here, and cutting it again takes nothing that was there before.
                RandomAccess.SetLength(file, lengthBefore);
            }
        }
    }

    public sealed override unsafe void Empty(SafeFileHandle file, void* start, nuint byteCount)
    {
        SetLength(file, 0);
        Unmap(start, byteCount);
    }

    public sealed override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapPages(start, byteCount);

    public sealed override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount)
    {
        nuint intoPage = (nuint)start & (SystemMemory.PageSize - 1);
        if (Synchronize((byte*)start - intoPage, byteCount + intoPage, WaitForDisk) != 0)
        {
            throw SystemFault.Last("A mapped file could not be written to the disk");
        }
    }

    public sealed override unsafe void ExpectSequential(void* start, nuint byteCount) => _ = Advise(start, byteCount, Sequential);

    /// <summary>A mapping of another size, of a file that has this size by now. One that becomes smaller is not refused.</summary>
    protected abstract unsafe void* Remap(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file);

    /// <summary>These calls say -1 when they are refused.</summary>
    protected static unsafe void* MappedOrNull(void* result)
    {
        if (result != (void*)-1)
        {
            return result;
        }

        return SystemFault.IsLackOfMemory ? null : throw SystemFault.Last("A file could not be mapped");
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, SafeFileHandle file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static unsafe partial int UnmapPages(void* start, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "msync", SetLastError = true)]
    private static unsafe partial int Synchronize(void* start, nuint byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static unsafe partial int Advise(void* start, nuint byteCount, int advice);
}
