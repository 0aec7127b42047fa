using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Unix;

/// <summary>Files on Unix systems: mapped by <c>mmap</c>, and replaced by <c>rename</c>, which gives one file the name of another.</summary>
/// <remarks>
/// All other names of the old file stay with the old file. So a file with several names is not replaced but written. The same happens to a
/// file of another owner if this process may not change the owner of files. Mount points cannot be renamed over.
/// </remarks>
internal abstract class UnixFiles(UnixStat stat) : SystemFiles
{
    /// <summary>The number of <c>MS_SYNC</c>: <c>msync</c> returns when the data is on the disk.</summary>
    protected abstract int WaitForDisk { get; }

    public sealed override long LongestFile => LimitOf(RLIMIT_FSIZE);

    public sealed override bool IsPlainFile(string path) => stat.At(path) is not { IsPlain: false };

    /// <inheritdoc/>
    public sealed override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file", long offset = 0)
    {
        if (FailPoint.IsRefused)
        {
            return null;
        }

        void* start = mmap(null, byteCount, canWrite ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, (nint)offset);
        return start != MAP_FAILED ? start : NullOrThrow(Marshal.GetLastPInvokeError(), name);
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

    /// <inheritdoc/>
    public sealed override unsafe void Unmap(void* start, nuint byteCount) => _ = munmap(start, byteCount);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public sealed override unsafe void ExpectSequential(void* start, nuint byteCount) => _ = madvise(start, byteCount, MADV_SEQUENTIAL);

    /// <summary>Flags of <c>open</c> to look at a file: without waiting for a pipe, and not for child processes.</summary>
    protected abstract int LookFlags { get; }

    /// <remarks>
    /// The platform's own method removes ".." as text: after a folder that is a link, the result is another file. And only the kernel knows
    /// which links it follows (<c>fs.protected_symlinks</c>), so the result counts if the kernel finds the same file at both paths.
    /// </remarks>
    public sealed override string? EndOf(string link) =>
        realpath(link, 0) is { } end && stat.At(end) is { } found && stat.At(link)?.Is(found) == true ? end : null;

    public sealed override SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath)
    {
        temporaryPath = null;
        using SafeFileHandle old = open(path, O_WRONLY | LookFlags);
        int error = Marshal.GetLastPInvokeError();
        if (old.IsInvalid)
        {
            // A file that cannot be written is not replaced either. The caller opens it, and gets the platform's exception.
            ThrowIfShort(error, path);
            return SystemError.IsMissing(error) ? CreateBeside(path, isSecret: false, out temporaryPath) : null;
        }

        UnixStat.Facts before = stat.Of(old);
        if (!before.IsPlain || before.NameCount > 1 || !MayCreate(path))
        {
            return null;
        }

        SafeFileHandle? file = CreateBeside(path, isSecret: true, out temporaryPath);
        if (file is not null && !TryMakeAlike(file, old, before))
        {
            file.Dispose();
            file = null;
            if (temporaryPath is not null)
            {
                _ = unlink(temporaryPath);
                temporaryPath = null;
            }
        }

        return file;
    }

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        if (rename(temporaryPath!, path) != 0)
        {
            ThrowIfShort(Marshal.GetLastPInvokeError(), path);
            return false;
        }

        temporaryPath = null;
        return true;
    }

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
    /// <safety>The result is null.</safety>
    /// <exception cref="IOException">The system refused for another reason.</exception>
    protected static unsafe void* NullOrThrow(int error, string name) =>
        SystemError.IsLackOfMemory(error) ? null : throw SystemError.Of(error, $"{name} could not be mapped");

    /// <summary>False if the system refuses calls that may create this file, though it lets the process open the file.</summary>
    protected virtual bool MayCreate(string path) => true;

    /// <summary>Gives a new file exactly the extended attributes and access lists of another file; false if that fails.</summary>
    protected abstract bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to);

    /// <summary>Makes a new, empty file; null if that fails.</summary>
    /// <param name="path">The path of a file in the folder.</param>
    /// <param name="isSecret">True if only this user may open the new file at first.</param>
    /// <param name="temporaryPath">The new file's name; null if it has none.</param>
    protected virtual SafeFileHandle? CreateBeside(string path, bool isSecret, out string? temporaryPath)
    {
        temporaryPath = NameBeside(path);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = Everything,
            BufferSize = 0,
        };
        if (isSecret && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileStream(temporaryPath, options).SafeFileHandle;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            temporaryPath = null;
            ThrowIfShort(exception.HResult, path);
            return null;
        }
    }

    private bool TryMakeAlike(SafeFileHandle file, SafeFileHandle old, UnixStat.Facts before)
    {
        UnixStat.Facts now = stat.Of(file);
        bool isOwned = (now.Owner == before.Owner && now.Group == before.Group) || fchown(file, before.Owner, before.Group) == 0;

        // The mode comes last, because a change of owner removes some of its bits.
        return isOwned && TryCopyAttributes(old, file) && fchmod(file, before.Permissions) == 0;
    }
}
