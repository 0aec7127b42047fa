using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>Windows: <c>VirtualAlloc</c> and <c>VirtualFree</c>, and COM's task memory. Compiled, not run yet.</summary>
internal sealed partial class WindowsMemory : SystemMemory
{
    private const uint Commit = 0x1000;
    private const uint Reserve = 0x2000;
    private const uint Release = 0x8000;
    private const uint ReadWrite = 0x04;

    /// <summary>Reservations start at multiples of this many bytes.</summary>
    private const uint Granularity = 64 * 1024;

    public override unsafe void* Allocate(nuint byteCount, nuint alignment)
    {
        if (alignment <= Granularity)
        {
            return VirtualAlloc(null, byteCount, Reserve | Commit, ReadWrite);
        }

        nuint widened = byteCount + alignment;
        if (widened < byteCount)
        {
            return null;
        }

        // A reservation cannot be cut, so: find a hole that is large enough, give it back, and reserve the aligned part.
        // Another thread may take the hole in between; then look for another one.
        for (int attempt = 0; attempt < 16; attempt++)
        {
            void* hole = VirtualAlloc(null, widened, Reserve, ReadWrite);
            if (hole == null)
            {
                return null;
            }

            _ = VirtualFree(hole, 0, Release);
            void* aligned = (void*)(((nuint)hole + (alignment - 1)) & ~(alignment - 1));
            void* start = VirtualAlloc(aligned, byteCount, Reserve | Commit, ReadWrite);
            if (start != null)
            {
                return start;
            }
        }

        return null;
    }

    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount)
    {
        void* moved = Allocate(newByteCount, PageSize);
        if (moved != null)
        {
            NativeMemory.Copy(start, moved, nuint.Min(oldByteCount, newByteCount));
            Free(start, oldByteCount);
        }

        return moved;
    }

    public override unsafe void Free(void* start, nuint byteCount) => _ = VirtualFree(start, 0, Release);

    public override unsafe void* AllocateTask(nuint byteCount) => TaskAlloc(byteCount);

    public override unsafe void* ResizeTask(void* block, nuint byteCount) => TaskRealloc(block, byteCount);

    [LibraryImport("ole32", EntryPoint = "CoTaskMemAlloc")]
    private static unsafe partial void* TaskAlloc(nuint byteCount);

    [LibraryImport("ole32", EntryPoint = "CoTaskMemRealloc")]
    private static unsafe partial void* TaskRealloc(void* block, nuint byteCount);

    [LibraryImport("kernel32", EntryPoint = "VirtualAlloc")]
    private static unsafe partial void* VirtualAlloc(void* start, nuint byteCount, uint type, uint protection);

    [LibraryImport("kernel32", EntryPoint = "VirtualFree")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool VirtualFree(void* start, nuint byteCount, uint type);
}
