using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Unix;

/// <summary>Pages on Unix systems: any part of an anonymous mapping can be unmapped, or replaced by a new mapping.</summary>
internal abstract class UnixMemory : SystemMemory
{
    /// <summary>The number of <c>MAP_ANONYMOUS</c>.</summary>
    protected abstract int AnonymousFlag { get; }

    /// <summary>The number of <c>RLIMIT_MEMLOCK</c>.</summary>
    protected abstract int LockLimitNumber { get; }

    /// <summary>The C library's function that tells the size of a block.</summary>
    protected abstract string SizeFunction { get; }

    public sealed override string LockLimit => LimitOf(LockLimitNumber) is var limit and not long.MaxValue
        ? $"RLIMIT_MEMLOCK lets this process lock {limit:N0} bytes in all."
        : "RLIMIT_MEMLOCK does not limit this process, so memory itself is short.";

    /// <inheritdoc/>
    public sealed override unsafe void* Allocate(nuint byteCount, nuint alignment) =>
        FailPoint.IsRefused ? null : Map(byteCount, alignment, PROT_READ | PROT_WRITE);

    /// <inheritdoc/>
    // The program's own export, and not the C library's: another malloc may have been loaded before the C library, with the function for its
    // blocks.
    public sealed override unsafe nuint HeapByteCountOf(void* block) =>
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), SizeFunction, out nint function)
            && ((delegate* unmanaged<void*, nuint>)function)(block) is > 0 and var byteCount
            ? byteCount
            : nuint.MaxValue;

    /// <inheritdoc/>
    // MS_ASYNC writes nothing: the call only looks for pages without a mapping.
    public sealed override unsafe bool IsMapped(void* start, nuint byteCount) =>
        msync(start, byteCount, MS_ASYNC) == 0 || Marshal.GetLastPInvokeError() != ENOMEM;

    /// <inheritdoc/>
    // The system counts a private page as used memory when it becomes writable. If memory is short, it refuses here.
    public sealed override unsafe bool Commit(void* start, nuint byteCount) =>
        !FailPoint.IsRefused && mprotect(start, byteCount, PROT_READ | PROT_WRITE) == 0;

    /// <inheritdoc/>
    public sealed override unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable) =>
        !FailPoint.IsRefused && mprotect(start, byteCount, Protection(isReadable, isWritable)) == 0;

    /// <inheritdoc/>
    public sealed override unsafe bool Lock(void* start, nuint byteCount) => !FailPoint.IsRefused && mlock(start, byteCount) == 0;

    /// <inheritdoc/>
    public sealed override unsafe void Unlock(void* start, nuint byteCount) => _ = munlock(start, byteCount);

    /// <summary>Maps private pages without a file; null if refused.</summary>
    /// <safety>With <c>MAP_FIXED</c> among the flags, the new pages replace those at <paramref name="at"/>, which no other code uses.</safety>
    protected unsafe void* Map(nuint byteCount, int protection, int flags = 0, void* at = null)
    {
        void* start = mmap(at, byteCount, protection, MAP_PRIVATE | AnonymousFlag | flags, -1, 0);
        return start == MAP_FAILED ? null : start;
    }

    /// <summary>Maps private pages at a multiple of <paramref name="alignment"/>; null if refused.</summary>
    /// <inheritdoc cref="SystemMemory" path="/safety"/>
    protected unsafe void* Map(nuint byteCount, nuint alignment, int protection)
    {
        if (alignment <= PageSize)
        {
            return Map(byteCount, protection);
        }

        // A wider mapping contains an aligned part. The pages before and after that part are unmapped.
        nuint widened = byteCount + alignment;
        byte* start = widened < byteCount ? null : (byte*)Map(widened, protection);
        if (start == null)
        {
            return null;
        }

        byte* aligned = (byte*)(((nuint)start + (alignment - 1)) & ~(alignment - 1));
        nuint before = (nuint)(aligned - start);
        nuint after = widened - before - byteCount;
        if (before != 0)
        {
            Free(start, before);
        }

        if (after != 0)
        {
            Free(aligned + byteCount, after);
        }

        return aligned;
    }

    /// <summary>The number of an access (<c>PROT_…</c>).</summary>
    protected static int Protection(bool isReadable, bool isWritable) =>
        isWritable ? PROT_READ | PROT_WRITE : isReadable ? PROT_READ : PROT_NONE;
}
