using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.Linux;

/// <summary>Linux: <c>mremap</c> moves pages and not bytes; <c>fallocate</c> takes the room on the disk at once.</summary>
internal sealed partial class LinuxMaps : UnixMaps
{
    private const int MayMove = 0x1;
    private const int NoSuchCall = 38;

    /// <summary><c>EOPNOTSUPP</c>.</summary>
    internal const int NotSupported = 95;

    protected override int WaitForDisk => 4;

    public override bool IsPlainFile(string path) => LinuxFile.At(path) is not { IsPlain: false };

    protected override bool IsPlain(SafeFileHandle file) => LinuxFile.Of(file).IsPlain;

    protected override void Grow(SafeFileHandle file, long lengthBefore, long byteCount, string name)
    {
        int error;
        do
        {
            error = Allocate(file, 0, lengthBefore, byteCount - lengthBefore) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        switch (error)
        {
            case 0:
                return;
            case NoSuchCall or NotSupported:
                Truncate(file, byteCount, name);
                return;
            default:
                // Some of the room may have been there.
                Truncate(file, lengthBefore, name);
                throw SystemFault.Of(error, $"{name} could not be made {byteCount:N0} bytes long");
        }
    }

    protected override unsafe void* RemapTo(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file, string name)
    {
        if (newByteCount > oldByteCount)
        {
            if (FailPoint.IsRefused)
            {
                return null;
            }

            void* remapped = RemapPages(start, oldByteCount, newByteCount, MayMove);
            return remapped != Refused ? remapped : NullOrThrow(Marshal.GetLastPInvokeError(), name);
        }

        // Where it is; should that ever be refused, pages behind the file's end stay mapped, and nobody looks at them.
        _ = RemapPages(start, oldByteCount, newByteCount, 0);
        return start;
    }

    [LibraryImport("libc", EntryPoint = "mremap", SetLastError = true)]
    private static unsafe partial void* RemapPages(void* start, nuint oldByteCount, nuint newByteCount, int flags);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long byteCount);
}
