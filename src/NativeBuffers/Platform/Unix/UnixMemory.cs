using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.Unix;

/// <summary>What Unix systems share: an anonymous mapping may be cut anywhere, and mapped over.</summary>
internal abstract partial class UnixMemory : SystemMemory
{
    /// <summary>What <c>mmap</c> and <c>mprotect</c> take.</summary>
    protected const int NoAccess = 0;

    /// <inheritdoc cref="NoAccess"/>
    protected const int ReadOnly = 0x1;

    /// <inheritdoc cref="NoAccess"/>
    protected const int ReadWrite = 0x1 | 0x2;

    /// <summary>The number of <c>RLIMIT_MEMLOCK</c>.</summary>
    protected abstract int LockLimitNumber { get; }

    public sealed override string LockLimit
    {
        get
        {
            return UnixLimit.TryRead(LockLimitNumber, out long limit)
                ? $"RLIMIT_MEMLOCK lets this process lock {limit:N0} bytes in all."
                : "RLIMIT_MEMLOCK does not limit this process, so memory itself is short.";
        }
    }

    public sealed override unsafe void* Allocate(nuint byteCount, nuint alignment) =>
        FailPoint.IsRefused ? null : Map(byteCount, alignment, ReadWrite);

    // The system counts memory as taken from the moment a private page becomes writable, and refuses here what it does not have.
    public sealed override unsafe bool Commit(void* start, nuint byteCount) => !FailPoint.IsRefused && ChangeProtection(start, byteCount, ReadWrite) == 0;

    public sealed override unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable) =>
        !FailPoint.IsRefused && ChangeProtection(start, byteCount, isWritable ? ReadWrite : isReadable ? ReadOnly : NoAccess) == 0;

    public sealed override unsafe bool Lock(void* start, nuint byteCount) => !FailPoint.IsRefused && LockPages(start, byteCount) == 0;

    public sealed override unsafe void Unlock(void* start, nuint byteCount) => _ = UnlockPages(start, byteCount);

    /// <summary>Private pages; what <c>mmap</c> returned.</summary>
    protected abstract unsafe void* Map(nuint byteCount, int protection);

    /// <summary>Private pages that start at an alignment, or null.</summary>
    protected unsafe void* Map(nuint byteCount, nuint alignment, int protection)
    {
        if (alignment <= PageSize)
        {
            return MappedOrNull(Map(byteCount, protection));
        }

        // Map enough to hold an aligned run, then unmap what is before and behind it.
        nuint widened = byteCount + alignment;
        if (widened < byteCount)
        {
            return null;
        }

        byte* start = (byte*)MappedOrNull(Map(widened, protection));
        if (start == null)
        {
            return null;
        }

        byte* aligned = (byte*)(((nuint)start + (alignment - 1)) & ~(alignment - 1));
        nuint before = (nuint)(aligned - start);
        nuint behind = widened - before - byteCount;
        if (before != 0)
        {
            Free(start, before);
        }

        if (behind != 0)
        {
            Free(aligned + byteCount, behind);
        }

        return aligned;
    }

    /// <summary>These calls say -1 when they are refused.</summary>
    protected static unsafe void* MappedOrNull(void* result) => result == (void*)-1 ? null : result;

    [LibraryImport("libc", EntryPoint = "madvise")]
    protected static unsafe partial int Advise(void* start, nuint byteCount, int advice);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static unsafe partial int ChangeProtection(void* start, nuint byteCount, int protection);

    [LibraryImport("libc", EntryPoint = "mlock")]
    private static unsafe partial int LockPages(void* start, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "munlock")]
    private static unsafe partial int UnlockPages(void* start, nuint byteCount);
}
