using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.MacOS.MacCalls;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Mapped files on macOS: there is no <c>mremap</c>, so a file that grows gets a new mapping. Compiled, not run yet.</summary>
internal sealed class MacMaps(UnixStat stat) : UnixMaps(stat)
{
    protected override int WaitForDisk => MS_SYNC;

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

    protected override unsafe void* RemapTo(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file, string name)
    {
        if (newByteCount <= oldByteCount)
        {
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

        void* remapped = Map(file, newByteCount, canWrite: true, name);
        if (remapped != null)
        {
            Unmap(start, oldByteCount);
        }

        return remapped;
    }
}
