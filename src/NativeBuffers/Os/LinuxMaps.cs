using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>Linux: <c>mremap</c> moves pages and not bytes; <c>fallocate</c> takes the room on the disk at once.</summary>
internal sealed partial class LinuxMaps : UnixMaps
{
    private const int MayMove = 0x1;
    private const int Interrupted = 4;
    private const int NoSuchCall = 38;
    private const int NotSupported = 95;

    protected override int WaitForDisk => 4;

    public override bool IsPlainFile(string path) => LinuxFile.At(path) is not { IsPlain: false };

    /// <remarks>
    /// Writing to memory that the disk has no room for would end the process. So the room is taken here, where there
    /// is somebody to tell.
    /// </remarks>
    public override void SetLength(SafeFileHandle file, long byteCount)
    {
        long lengthBefore = RandomAccess.GetLength(file);
        if (byteCount <= lengthBefore)
        {
            base.SetLength(file, byteCount);
            return;
        }

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
                base.SetLength(file, byteCount);
                return;
            default:
                Exception fault = SystemFault.Last($"A file could not be made {byteCount:N0} bytes long");

                // Some of the room may have been there.
                base.SetLength(file, lengthBefore);
                throw fault;
        }
    }

    protected override unsafe void* Remap(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file)
    {
        if (newByteCount > oldByteCount)
        {
            return Supply.IsRefused ? null : MappedOrNull(RemapPages(start, oldByteCount, newByteCount, MayMove));
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
