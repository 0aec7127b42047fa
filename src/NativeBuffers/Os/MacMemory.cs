using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>macOS: <c>mmap</c> and <c>munmap</c>; there is no <c>mremap</c>. Compiled here, not run here.</summary>
internal sealed partial class MacMemory : SystemMemory
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymous = 0x0002 | 0x1000;

    public override unsafe void* Allocate(nuint byteCount, nuint alignment)
    {
        nuint slack = alignment <= PageSize ? 0 : alignment;
        if (!Raw.Layout.TryAdd(byteCount, slack, out nuint widened))
        {
            return null;
        }

        byte* start = (byte*)Map(null, widened, ReadWrite, PrivateAnonymous, -1, 0);
        if (start == (byte*)-1)
        {
            return null;
        }

        if (slack == 0)
        {
            return start;
        }

        // Keep the aligned run, unmap what is before and behind it.
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

    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount)
    {
        if (newByteCount <= oldByteCount)
        {
            if (newByteCount < oldByteCount)
            {
                _ = Unmap((byte*)start + newByteCount, oldByteCount - newByteCount);
            }

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

    [LibraryImport("libSystem", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libSystem", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* start, nuint byteCount);

    [LibraryImport("libSystem", EntryPoint = "malloc_zone_pressure_relief")]
    private static partial nuint RelievePressure(nint zone, nuint goal);
}
