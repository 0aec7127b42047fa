using System.Text;
using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.Linux.LinuxCalls;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Linux;

/// <summary>Files on Linux: <c>mremap</c> moves pages and not bytes, and <c>fallocate</c> takes the room on the disk at once.</summary>
/// <remarks>A new file gets its name when it is complete, so a process that ends before leaves no file.</remarks>
internal sealed class LinuxFiles(UnixStat stat) : UnixFiles(stat)
{
    private const int MostAttributeBytes = 1024;

    protected override int LookFlags => O_NONBLOCK | O_CLOEXEC;

    protected override int WaitForDisk => MS_SYNC;

    /// <summary>Gives a name to a file without a name. Returns false, with the error number set, if the system refuses.</summary>
    public static bool TryLink(SafeFileHandle file, string path) =>
        linkat(AT_FDCWD, string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}"), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        if (temporaryPath is null)
        {
            if (TryLink(file, path))
            {
                return true;
            }

            // A file without a name can take only a name that is free. So it gets a temporary name for a moment.
            string name = NameBeside(path);
            if (!TryLink(file, name))
            {
                ThrowIfShort(Marshal.GetLastPInvokeError(), path);
                return false;
            }

            temporaryPath = name;
        }

        return base.TryPutInPlace(file, ref temporaryPath, path);
    }

    /// <remarks>The kernel refuses such calls for files of other users in folders like <c>/tmp</c> (<c>fs.protected_regular</c>).</remarks>
    protected override bool MayCreate(string path)
    {
        using SafeFileHandle file = open(path, O_WRONLY | O_CREAT | LookFlags, S_IRUSR_IWUSR);
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            ThrowIfShort(error, path);
        }

        return !file.IsInvalid;
    }

    /// <remarks>
    /// Attributes are not copied. A file that has any is not replaced but written. The same happens to a file in a folder that gives access
    /// lists to new files. The label of SELinux does not count, because the folder gives the new file one.
    /// </remarks>
    protected override bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to) => HasNoAttributes(from) && HasNoAttributes(to);

    /// <remarks>
    /// The shared lock keeps out .NET programs that open the file without sharing it. The platform locks the files that it opens
    /// in the same way.
    /// </remarks>
    protected override SafeFileHandle? CreateBeside(string path, bool isSecret, out string? temporaryPath)
    {
        temporaryPath = null;
        SafeFileHandle file = open(Path.GetDirectoryName(path)!, O_RDWR | O_CLOEXEC | O_TMPFILE, isSecret ? S_IRUSR_IWUSR : S_IRALL_IWALL);
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            // Not all file systems have files without a name.
            file.Dispose();
            ThrowIfShort(error, path);
            return base.CreateBeside(path, isSecret, out temporaryPath);
        }

        _ = flock(file, LOCK_SH | LOCK_NB);
        return file;
    }

    protected override void Grow(SafeFileHandle file, long lengthBefore, long byteCount, string name)
    {
        int error = Retry(() => fallocate(file, 0, lengthBefore, byteCount - lengthBefore));
        switch (error)
        {
            case 0:
                return;
            case SystemError.LINUX_ENOSYS or SystemError.LINUX_EOPNOTSUPP:
                Truncate(file, byteCount, name);
                return;
            default:
                // The file may have got a part of the room.
                Truncate(file, lengthBefore, name);
                throw NotResized(error, byteCount, name);
        }
    }

    /// <inheritdoc/>
    protected override unsafe void* RemapTo(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        if (newByteCount <= oldByteCount)
        {
            // The mapping stays in its place. If the kernel ever refuses this, unused pages after the file's end stay mapped.
            _ = mremap(start, oldByteCount, newByteCount, 0);
            return start;
        }

        if (FailPoint.IsRefused)
        {
            return null;
        }

        void* remapped = mremap(start, oldByteCount, newByteCount, MREMAP_MAYMOVE);
        return remapped != MAP_FAILED ? remapped : NullOrThrow(Marshal.GetLastPInvokeError(), name);
    }

    private static bool HasNoAttributes(SafeFileHandle file)
    {
        byte[] names = new byte[MostAttributeBytes];
        nint byteCount = flistxattr(file, names, (nuint)names.Length);
        return byteCount < 0
            ? Marshal.GetLastPInvokeError() == SystemError.LINUX_EOPNOTSUPP
            : Encoding.UTF8.GetString(names, 0, (int)byteCount).Split('\0').All(static name => name is "" or "security.selinux");
    }
}
