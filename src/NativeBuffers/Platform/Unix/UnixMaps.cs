using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.Unix;

/// <summary>What Unix systems share: <c>mmap</c>, <c>munmap</c>, <c>msync</c> and <c>madvise</c>.</summary>
internal abstract partial class UnixMaps : SystemMaps
{
    private const int ReadOnly = 0x1;
    private const int ReadWrite = 0x1 | 0x2;
    private const int Shared = 0x01;
    private const int Sequential = 2;

    /// <summary><c>EINTR</c>.</summary>
    protected const int Interrupted = 4;

    /// <summary>The system's number for "return when it is on the disk".</summary>
    protected abstract int WaitForDisk { get; }

    public sealed override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file")
    {
        if (FailPoint.IsRefused)
        {
            return null;
        }

        void* start = Map(null, byteCount, canWrite ? ReadWrite : ReadOnly, Shared, file, 0);
        return start != Refused ? start : NullOrThrow(Marshal.GetLastPInvokeError(), name);
    }

    public sealed override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        long lengthBefore = RandomAccess.GetLength(file);
        if (newByteCount < oldByteCount || (long)newByteCount > lengthBefore)
        {
            // Else somebody has made it longer: to grow must not cut that.
            SetLength(file, (long)newByteCount, name);
        }

        void* remapped = null;
        try
        {
            return remapped = RemapTo(start, oldByteCount, newByteCount, file, name);
        }
        finally
        {
            if (remapped == null && (long)newByteCount > lengthBefore)
            {
                // Only what grew can arrive here, and cutting it again takes nothing that was there before.
                Truncate(file, lengthBefore, name);
            }
        }
    }

    public sealed override void SetLength(SafeFileHandle file, long byteCount, string name = "A file")
    {
        long lengthBefore = RandomAccess.GetLength(file);
        if (byteCount <= lengthBefore)
        {
            Truncate(file, byteCount, name);
            return;
        }

        ThrowIfBeyondLimit(file, byteCount, name);
        Grow(file, lengthBefore, byteCount, name);
    }

    /// <remarks>
    /// Beyond this limit the kernel refuses the write, and sends SIGXFSZ, which ends the process. So the limit is read first. Between the
    /// two calls only the process itself or its user (<c>prlimit</c>) can lower the limit.
    /// </remarks>
    public sealed override void ThrowIfBeyondLimit(SafeFileHandle file, long end, string name)
    {
        long limit = FileSizeLimit.Current;
        if (end > limit && IsPlain(file))
        {
            throw new IOException(
                $"{name} cannot have {end:N0} bytes: RLIMIT_FSIZE (ulimit -f) lets this process write files of at most {limit:N0} bytes. Raise the limit, or use a shorter file.");
        }
    }

    public sealed override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapPages(start, byteCount);

    public sealed override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name)
    {
        nuint intoPage = (nuint)start & (SystemMemory.PageSize - 1);
        int error = Synchronize((byte*)start - intoPage, byteCount + intoPage, WaitForDisk) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (error == 0)
        {
            error = EmptyDiskCache(file);
        }

        if (error != 0)
        {
            throw SystemFault.Of(error, $"{name} could not be written to the disk");
        }
    }

    public sealed override unsafe void ExpectSequential(void* start, nuint byteCount) => _ = Advise(start, byteCount, Sequential);

    /// <summary>A mapping of another size, of a file that has this size by now. One that becomes smaller is not refused.</summary>
    protected abstract unsafe void* RemapTo(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file, string name);

    /// <summary>Makes a file longer, and takes the room for it on the disk: a write to memory without room on the disk would end the process.</summary>
    protected abstract void Grow(SafeFileHandle file, long lengthBefore, long byteCount, string name);

    /// <summary>Whether an open file is an ordinary file: not a folder, a pipe, a device or a socket.</summary>
    protected abstract bool IsPlain(SafeFileHandle file);

    /// <summary>Makes the disk write its own cache, if the call before has not. Returns the error number, or 0.</summary>
    protected virtual int EmptyDiskCache(SafeFileHandle file) => 0;

    /// <summary>Gives a file another length, without taking room on the disk.</summary>
    protected static void Truncate(SafeFileHandle file, long byteCount, string name)
    {
        int error;
        do
        {
            error = SetEnd(file, byteCount) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        if (error != 0)
        {
            throw SystemFault.Of(error, $"{name} could not be made {byteCount:N0} bytes long");
        }
    }

    /// <summary>The result of a call that was refused.</summary>
    protected static unsafe void* Refused => (void*)-1;

    /// <summary>Null if memory is short; otherwise throws.</summary>
    protected static unsafe void* NullOrThrow(int error, string name) =>
        SystemFault.IsLackOfMemory(error) ? null : throw SystemFault.Of(error, $"{name} could not be mapped");

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, SafeFileHandle file, nint offset);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int SetEnd(SafeFileHandle file, long byteCount);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static unsafe partial int UnmapPages(void* start, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "msync", SetLastError = true)]
    private static unsafe partial int Synchronize(void* start, nuint byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static unsafe partial int Advise(void* start, nuint byteCount, int advice);
}
