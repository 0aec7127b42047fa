using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>Linux: <c>mmap</c>, <c>mremap</c>, <c>munmap</c>, and glibc's <c>malloc_trim</c>.</summary>
internal sealed partial class LinuxMemory : SystemMemory
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int MayMove = 0x1;

    public override unsafe void* Allocate(nuint byteCount, nuint alignment)
    {
        if (alignment <= PageSize)
        {
            return MappedOrNull(Map(null, byteCount, ReadWrite, PrivateAnonymous, -1, 0));
        }

        // Map enough to hold an aligned run, then unmap what is before and behind it.
        if (!Raw.Layout.TryAdd(byteCount, alignment, out nuint widened))
        {
            return null;
        }

        byte* start = (byte*)MappedOrNull(Map(null, widened, ReadWrite, PrivateAnonymous, -1, 0));
        if (start == null)
        {
            return null;
        }

        byte* aligned = (byte*)(((nuint)start + (alignment - 1)) & ~(alignment - 1));
        nuint before = (nuint)(aligned - start);
        nuint behind = widened - before - byteCount;
        if (before != 0)
        {
            _ = Unmap(start, before);
        }

        if (behind != 0)
        {
            _ = Unmap(aligned + byteCount, behind);
        }

        return aligned;
    }

    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount) =>
        MappedOrNull(Remap(start, oldByteCount, newByteCount, MayMove));

    public override unsafe void Free(void* start, nuint byteCount) => _ = Unmap(start, byteCount);

    public override void ReleaseFreedHeap()
    {
        try
        {
            _ = TrimHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc (musl has no such call): there is nothing to ask.
        }
    }

    private static unsafe void* MappedOrNull(void* result) => result == (void*)-1 ? null : result;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mremap")]
    private static unsafe partial void* Remap(void* start, nuint oldByteCount, nuint newByteCount, int flags);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* start, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint padding);
}
