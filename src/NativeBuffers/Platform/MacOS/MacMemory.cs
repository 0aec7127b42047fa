using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.MacOS.MacCalls;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Pages on macOS: <c>mmap</c> and <c>munmap</c>; there is no <c>mremap</c>. Compiled, not run yet.</summary>
internal sealed class MacMemory : UnixMemory
{
    protected override int AnonymousFlag => MAP_ANON;

    protected override int LockLimitNumber => RLIMIT_MEMLOCK;

    protected override string SizeFunction => "malloc_size";

    /// <inheritdoc/>
    public override unsafe void* Reserve(nuint byteCount, PageKind kind) => kind == PageKind.Ordinary ? Map(byteCount, PROT_NONE) : null;

    /// <inheritdoc/>
    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind) => Map(byteCount, PROT_NONE, MAP_FIXED, start) != null;

    /// <inheritdoc/>
    // mmap puts a new mapping in the old one's place in one step. With MADV_FREE the system would count the pages as this process's until
    // it needs them. MADV_FREE_REUSABLE needs a second call before the pages are used again, which this library cannot make.
    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable) =>
        !FailPoint.IsRefused
        && Map(byteCount, Protection(isReadable, isWritable), MAP_FIXED, start) != null
        && (!isLocked || Lock(start, byteCount));

    /// <inheritdoc/>
    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount)
    {
        if (newByteCount < oldByteCount)
        {
            Free((byte*)start + newByteCount, oldByteCount - newByteCount);
            return start;
        }

        return ResizeByCopy(start, oldByteCount, newByteCount);
    }

    /// <inheritdoc/>
    public override unsafe void Free(void* start, nuint byteCount) => _ = munmap(start, byteCount);

    public override void ReleaseFreedHeap() => _ = malloc_zone_pressure_relief(0, 0);
}
