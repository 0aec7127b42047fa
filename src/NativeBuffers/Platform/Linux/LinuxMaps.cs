using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.Linux.LinuxCalls;

namespace NativeBuffers.Platform.Linux;

/// <summary>Mapped files on Linux: <c>mremap</c> moves pages and not bytes; <c>fallocate</c> takes the room on the disk at once.</summary>
internal sealed class LinuxMaps(UnixStat stat) : UnixMaps(stat)
{
    protected override int WaitForDisk => MS_SYNC;

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

    protected override unsafe void* RemapTo(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file, string name)
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
        return remapped != UnixCalls.MAP_FAILED ? remapped : NullOrThrow(Marshal.GetLastPInvokeError(), name);
    }
}
