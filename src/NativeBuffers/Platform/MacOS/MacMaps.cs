using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.MacOS;

/// <summary>macOS: there is no <c>mremap</c>, so a file is mapped anew. Compiled, not run yet.</summary>
internal sealed partial class MacMaps : UnixMaps
{
    protected override int WaitForDisk => 0x10;

    public override bool IsPlainFile(string path) => MacFile.At(path) is not { IsPlain: false };

    protected override bool IsPlain(SafeFileHandle file) => MacFile.Of(file).IsPlain;

    protected override void Grow(SafeFileHandle file, long lengthBefore, long byteCount, string name)
    {
        int error = MacControl.TakeRoom(file, byteCount - lengthBefore);
        if (error != 0)
        {
            throw SystemFault.Of(error, $"{name} could not be made {byteCount:N0} bytes long");
        }

        // Room that was taken but not used goes back to the disk when the file is closed.
        Truncate(file, byteCount, name);
    }

    // After msync the disk may still have the data in its cache only.
    protected override int EmptyDiskCache(SafeFileHandle file) => MacControl.EmptyDiskCache(file);

    protected override unsafe void* RemapTo(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file, string name)
    {
        if (newByteCount <= oldByteCount)
        {
            // Cut, not mapped anew: nothing that could be refused.
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
