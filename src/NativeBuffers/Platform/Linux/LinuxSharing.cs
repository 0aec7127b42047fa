using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.Linux.LinuxCalls;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Linux;

/// <summary>Shared memory on Linux: files in memory (<c>/dev/shm</c>), which get a name only when they are complete.</summary>
internal sealed class LinuxSharing(UnixStat stat, SystemFiles files) : UnixSharing(stat, files)
{
    protected override string Folder => "/dev/shm";

    protected override int OpenFlags => O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW;

    protected override SafeFileHandle CreateLocked(out string? temporaryPath)
    {
        temporaryPath = null;
        SafeFileHandle file = CreatedOrThrow(open(Folder, O_RDWR | O_CLOEXEC | O_TMPFILE, S_IRUSR_IWUSR));
        if (TryLock(file, LOCK_SH))
        {
            return file;
        }

        int error = Marshal.GetLastPInvokeError();
        file.Dispose();
        throw SystemError.Of(error, "A file for shared memory could not be locked");
    }

    protected override bool TryLink(SafeFileHandle file, string? temporaryPath, string path) => LinuxFiles.TryLink(file, path);
}
