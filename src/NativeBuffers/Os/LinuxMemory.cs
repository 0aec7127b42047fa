using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>Linux: <c>mmap</c>, <c>mremap</c>, <c>munmap</c>, and glibc's <c>malloc_trim</c>.</summary>
internal sealed partial class LinuxMemory : UnixMemory
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int MayMove = 0x1;

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

    protected override unsafe void* Map(nuint byteCount) => Map(null, byteCount, ReadWrite, PrivateAnonymous, -1, 0);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mremap")]
    private static unsafe partial void* Remap(void* start, nuint oldByteCount, nuint newByteCount, int flags);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* start, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint padding);
}
