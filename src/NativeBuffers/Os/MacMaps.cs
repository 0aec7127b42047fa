using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>macOS: there is no <c>mremap</c>, so a file is mapped anew. Compiled, not run yet.</summary>
internal sealed class MacMaps : UnixMaps
{
    protected override int WaitForDisk => 0x10;

    public override bool IsPlainFile(string path) => MacFile.At(path) is not { IsPlain: false };

    protected override unsafe void* Remap(void* start, nuint oldByteCount, nuint newByteCount, SafeFileHandle file)
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

        void* remapped = Map(file, newByteCount, canWrite: true);
        if (remapped != null)
        {
            Unmap(start, oldByteCount);
        }

        return remapped;
    }
}
