using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Windows;

/// <summary>Windows: <c>VirtualAlloc</c> and <c>VirtualFree</c>, and COM's task memory. Run under Wine, by hand; not on Windows yet.</summary>
internal sealed partial class WindowsMemory : SystemMemory
{
    private const uint CommitPages = 0x1000;
    private const uint ReservePages = 0x2000;
    private const uint DecommitPages = 0x4000;
    private const uint ReleasePages = 0x8000;
    private const uint ResetPages = 0x80000;
    private const uint NoAccess = 0x01;
    private const uint ReadOnly = 0x02;
    private const uint ReadWrite = 0x04;

    /// <summary>Reservations start at multiples of this many bytes.</summary>
    private const uint Granularity = 64 * 1024;

    public override unsafe void* Allocate(nuint byteCount, nuint alignment)
    {
        if (alignment <= Granularity)
        {
            return VirtualAlloc(null, byteCount, ReservePages | CommitPages, ReadWrite);
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
            void* hole = VirtualAlloc(null, widened, ReservePages, ReadWrite);
            if (hole == null)
            {
                return null;
            }

            _ = VirtualFree(hole, 0, ReleasePages);
            void* aligned = (void*)(((nuint)hole + (alignment - 1)) & ~(alignment - 1));
            void* start = VirtualAlloc(aligned, byteCount, ReservePages | CommitPages, ReadWrite);
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

    public override unsafe void Free(void* start, nuint byteCount) => _ = VirtualFree(start, 0, ReleasePages);

    public override string LockLimit => "The process's minimum working set limits what it may lock (SetProcessWorkingSetSize).";

    public override unsafe void* Reserve(nuint byteCount, PageKind kind) =>
        kind == PageKind.Ordinary ? VirtualAlloc(null, byteCount, ReservePages, NoAccess) : null;

    public override string RefusalOf(PageKind kind) => "Windows gives huge pages only to memory that is committed when it is reserved.";

    public override unsafe bool Commit(void* start, nuint byteCount) => VirtualAlloc(start, byteCount, CommitPages, ReadWrite) != null;

    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind)
    {
        // Fails where nothing was locked, which is no matter.
        _ = VirtualUnlock(start, byteCount);
        return VirtualFree(start, byteCount, DecommitPages);
    }

    // Unlocking what is not locked takes it out of the working set: so the memory is given back at once.
    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable)
    {
        bool isDone = VirtualAlloc(start, byteCount, ResetPages, ReadWrite) != null;
        if (!isLocked)
        {
            _ = VirtualUnlock(start, byteCount);
        }

        return isDone;
    }

    public override unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable) =>
        VirtualProtect(start, byteCount, isWritable ? ReadWrite : isReadable ? ReadOnly : NoAccess, out _);

    public override unsafe bool Lock(void* start, nuint byteCount) => VirtualLock(start, byteCount);

    public override unsafe void Unlock(void* start, nuint byteCount) => _ = VirtualUnlock(start, byteCount);

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

    [LibraryImport("kernel32", EntryPoint = "VirtualProtect")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool VirtualProtect(void* start, nuint byteCount, uint protection, out uint before);

    [LibraryImport("kernel32", EntryPoint = "VirtualLock")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool VirtualLock(void* start, nuint byteCount);

    [LibraryImport("kernel32", EntryPoint = "VirtualUnlock")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool VirtualUnlock(void* start, nuint byteCount);
}
