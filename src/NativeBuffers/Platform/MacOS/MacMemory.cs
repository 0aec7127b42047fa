using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.MacOS;

/// <summary>macOS: <c>mmap</c> and <c>munmap</c>; there is no <c>mremap</c>. Compiled, not run yet.</summary>
internal sealed partial class MacMemory : UnixMemory
{
    private const int PrivateAnonymous = 0x0002 | 0x1000;
    private const int Fixed = 0x0010;

    protected override int LockLimitNumber => 6;

    public override unsafe void* Reserve(nuint byteCount, PageKind kind) =>
        kind == PageKind.Ordinary ? MappedOrNull(Map(byteCount, NoAccess)) : null;

    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind) =>
        MappedOrNull(Map(start, byteCount, NoAccess, PrivateAnonymous | Fixed, -1, 0)) != null;

    // mmap puts a new mapping in the old one's place in one step. With MADV_FREE the pages would count as this process's until
    // the system needs them. MADV_FREE_REUSABLE must be told before the pages are used again, which this library cannot do.
    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable)
    {
        int protection = isWritable ? ReadWrite : isReadable ? ReadOnly : NoAccess;
        return !FailPoint.IsRefused
            && MappedOrNull(Map(start, byteCount, protection, PrivateAnonymous | Fixed, -1, 0)) != null
            && (!isLocked || Lock(start, byteCount));
    }

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

    protected override unsafe void* Map(nuint byteCount, int protection) => Map(null, byteCount, protection, PrivateAnonymous, -1, 0);

    [LibraryImport("libSystem", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libSystem", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* start, nuint byteCount);

    [LibraryImport("libSystem", EntryPoint = "malloc_zone_pressure_relief")]
    private static partial nuint RelievePressure(nint zone, nuint goal);
}
