using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>macOS: <c>mmap</c> and <c>munmap</c>; there is no <c>mremap</c>. Compiled, not run yet.</summary>
internal sealed partial class MacMemory : UnixMemory
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymous = 0x0002 | 0x1000;

    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount)
    {
        if (newByteCount < oldByteCount)
        {
            Free((byte*)start + newByteCount, oldByteCount - newByteCount);
            return start;
        }

        void* moved = Allocate(newByteCount, PageSize);
        if (moved != null)
        {
            NativeMemory.Copy(start, moved, oldByteCount);
            Free(start, oldByteCount);
        }

        return moved;
    }

    public override unsafe void Free(void* start, nuint byteCount) => _ = Unmap(start, byteCount);

    public override void ReleaseFreedHeap() => _ = RelievePressure(0, 0);

    protected override unsafe void* Map(nuint byteCount) => Map(null, byteCount, ReadWrite, PrivateAnonymous, -1, 0);

    [LibraryImport("libSystem", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libSystem", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* start, nuint byteCount);

    [LibraryImport("libSystem", EntryPoint = "malloc_zone_pressure_relief")]
    private static partial nuint RelievePressure(nint zone, nuint goal);
}
