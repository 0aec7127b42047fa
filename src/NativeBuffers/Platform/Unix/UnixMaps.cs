using Microsoft.Win32.SafeHandles;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Unix;

/// <summary>Mapped files on Unix systems: <c>mmap</c>, <c>munmap</c>, <c>msync</c> and <c>madvise</c>.</summary>
internal abstract class UnixMaps(UnixStat stat) : SystemMaps
{
    /// <summary>The number of <c>MS_SYNC</c>: <c>msync</c> returns when the data is on the disk.</summary>
    protected abstract int WaitForDisk { get; }

    public sealed override long LongestFile => LimitOf(RLIMIT_FSIZE);

    public sealed override bool IsPlainFile(string path) => stat.At(path) is not { IsPlain: false };

    public sealed override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file")
    {
        if (FailPoint.IsRefused)
        {
            return null;
        }

        void* start = mmap(null, byteCount, canWrite ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, 0);
        return start != MAP_FAILED ? start : NullOrThrow(Marshal.GetLastPInvokeError(), name);
    }

    public sealed override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        // Another program may have made the file longer already. Growing the mapping must not cut the file then.
        long lengthBefore = RandomAccess.GetLength(file);
        bool growsFile = (long)newByteCount > lengthBefore;
        if (newByteCount < oldByteCount || growsFile)
        {
            SetLength(file, (long)newByteCount, name);
        }

        void* remapped = null;
        try
        {
            return remapped = RemapTo(start, oldByteCount, newByteCount, file, name);
        }
        finally
        {
            if (remapped == null && growsFile)
            {
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
        long limit = LongestFile;
        if (end > limit && stat.Of(file).IsPlain)
        {
            throw new IOException(
                $"{name} cannot have {end:N0} bytes: RLIMIT_FSIZE (ulimit -f) lets this process write files of at most {limit:N0} bytes. Raise the limit, or use a shorter file.");
        }
    }

    public sealed override unsafe void Unmap(void* start, nuint byteCount) => _ = munmap(start, byteCount);

    public sealed override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name)
    {
        nuint intoPage = (nuint)start & (SystemMemory.PageSize - 1);
        bool isSynchronized = msync((byte*)start - intoPage, byteCount + intoPage, WaitForDisk) == 0;
        int error = isSynchronized ? FlushDiskCache(file) : Marshal.GetLastPInvokeError();
        if (error != 0)
        {
            throw SystemError.Of(error, $"{name} could not be written to the disk");
        }
    }

    public sealed override unsafe void ExpectSequential(void* start, nuint byteCount) => _ = madvise(start, byteCount, MADV_SEQUENTIAL);

    /// <summary>Gives a mapping another size, after the file has got its size. Null if memory is short; a smaller mapping is never refused.</summary>
    protected abstract unsafe void* RemapTo(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file, string name);

    /// <summary>Makes a file longer, and reserves its room on the disk. A write to mapped memory without such room would end the process.</summary>
    protected abstract void Grow(SafeFileHandle file, long lengthBefore, long byteCount, string name);

    /// <summary>Makes the disk write its own cache, if <c>msync</c> does not. Returns the error number, or 0.</summary>
    protected virtual int FlushDiskCache(SafeFileHandle file) => 0;

    /// <summary>Gives a file another length, without taking room on the disk.</summary>
    protected static void Truncate(SafeFileHandle file, long byteCount, string name)
    {
        int error = Retry(() => ftruncate(file, byteCount));
        if (error != 0)
        {
            throw NotResized(error, byteCount, name);
        }
    }

    /// <summary>Repeats a call until no signal interrupts it. Returns the error number, or 0.</summary>
    protected static int Retry(Func<int> call)
    {
        int error;
        do
        {
            error = call() == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == SystemError.EINTR);

        return error;
    }

    protected static Exception NotResized(int error, long byteCount, string name) =>
        SystemError.Of(error, $"{name} could not be made {byteCount:N0} bytes long");

    /// <summary>Null if memory is short.</summary>
    /// <exception cref="IOException">The system refused for another reason.</exception>
    protected static unsafe void* NullOrThrow(int error, string name) =>
        SystemError.IsLackOfMemory(error) ? null : throw SystemError.Of(error, $"{name} could not be mapped");
}
