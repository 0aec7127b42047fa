using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.MacOS.MacCalls;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Files on macOS: there is no <c>mremap</c>, so a file that grows gets a new mapping. Compiled, not run yet.</summary>
/// <remarks><c>fcopyfile</c> gives one file the attributes and access lists of another.</remarks>
internal sealed class MacFiles(UnixStat stat) : UnixFiles(stat)
{
    protected override int WaitForDisk => MS_SYNC;

    protected override int LookFlags => O_NONBLOCK | O_CLOEXEC;

    protected override bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to) =>
        fcopyfile(from, to, 0, COPYFILE_ACL | COPYFILE_XATTR) == 0;

    /// <summary>True if this error number means that the file system, for example on a network, does not offer the request.</summary>
    public static bool IsNotOffered(int error) => error is SystemError.MAC_ENOTSUP or SystemError.ENOTTY or SystemError.EINVAL;

    protected override void Grow(SafeFileHandle file, long lengthBefore, long byteCount, string name)
    {
        var room = new FStore(byteCount - lengthBefore);
        int error = fcntl(file, F_PREALLOCATE, ref room) == -1 ? Marshal.GetLastPInvokeError() : 0;
        if (error != 0 && !IsNotOffered(error))
        {
            throw NotResized(error, byteCount, name);
        }

        // Room that was taken but not used goes back to the disk when the file is closed.
        Truncate(file, byteCount, name);
    }

    // After msync the disk may still have the data in its cache only.
    protected override int FlushDiskCache(SafeFileHandle file)
    {
        int error = fcntl(file, F_FULLFSYNC) == -1 ? Marshal.GetLastPInvokeError() : 0;
        return !IsNotOffered(error) ? error : fsync(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <inheritdoc/>
    protected override unsafe void* RemapTo(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        if (newByteCount > oldByteCount)
        {
            return base.RemapTo(file, start, oldByteCount, newByteCount, name);
        }

        // The end is unmapped, so the system has nothing to refuse.
        nuint pageMask = SystemMemory.PageSize - 1;
        nuint oldPages = (oldByteCount + pageMask) & ~pageMask;
        nuint newPages = (newByteCount + pageMask) & ~pageMask;
        if (newPages < oldPages)
        {
            Unmap((byte*)start + newPages, oldPages - newPages);
        }

        return start;
    }
}
