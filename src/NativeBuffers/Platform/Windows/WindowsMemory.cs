using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Windows.WindowsCalls;

namespace NativeBuffers.Platform.Windows;

/// <summary>Pages on Windows: <c>VirtualAlloc</c> and <c>VirtualFree</c>; and COM's task memory. Run by hand under Wine, not on Windows yet.</summary>
internal sealed class WindowsMemory : SystemMemory
{
    /// <summary>Reservations start at multiples of this many bytes.</summary>
    private const uint Granularity = 64 * 1024;

    public override string LockLimit => "The process's minimum working set limits what it may lock (SetProcessWorkingSetSize).";

    /// <inheritdoc/>
    public override unsafe void* Allocate(nuint byteCount, nuint alignment)
    {
        if (alignment <= Granularity)
        {
            return VirtualAlloc(null, byteCount, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        }

        nuint widened = byteCount + alignment;
        if (widened < byteCount)
        {
            return null;
        }

        // A reservation cannot be cut. So this finds a range that is large enough, frees it, and reserves the aligned part of it.
        // Another thread may take that part in between; then the search goes on.
        for (int attempt = 0; attempt < 16; attempt++)
        {
            void* range = VirtualAlloc(null, widened, MEM_RESERVE, PAGE_READWRITE);
            if (range == null)
            {
                return null;
            }

            _ = VirtualFree(range, 0, MEM_RELEASE);
            void* aligned = (void*)(((nuint)range + (alignment - 1)) & ~(alignment - 1));
            void* start = VirtualAlloc(aligned, byteCount, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
            if (start != null)
            {
                return start;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    // malloc, LocalAlloc and COM's task memory all come from the heap of the process. A failure is -1, the largest number.
    public override unsafe nuint HeapByteCountOf(void* block) => HeapSize(GetProcessHeap(), 0, block);

    /// <inheritdoc/>
    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount) => ResizeByCopy(start, oldByteCount, newByteCount);

    /// <inheritdoc/>
    public override unsafe void Free(void* start, nuint byteCount) => _ = VirtualFree(start, 0, MEM_RELEASE);

    /// <inheritdoc/>
    public override unsafe void* Reserve(nuint byteCount, PageKind kind) =>
        kind == PageKind.Ordinary ? VirtualAlloc(null, byteCount, MEM_RESERVE, PAGE_NOACCESS) : null;

    public override string RefusalOf(PageKind kind) => "Windows gives huge pages only to memory that is committed when it is reserved.";

    /// <inheritdoc/>
    public override unsafe bool Commit(void* start, nuint byteCount) => VirtualAlloc(start, byteCount, MEM_COMMIT, PAGE_READWRITE) != null;

    /// <inheritdoc/>
    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind)
    {
        // This call fails where no page was locked, and needs no check.
        _ = VirtualUnlock(start, byteCount);
        return VirtualFree(start, byteCount, MEM_DECOMMIT);
    }

    /// <inheritdoc/>
    // VirtualUnlock removes pages that are not locked from the working set, so the system gets their memory at once.
    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable)
    {
        bool isDone = VirtualAlloc(start, byteCount, MEM_RESET, PAGE_READWRITE) != null;
        if (!isLocked)
        {
            _ = VirtualUnlock(start, byteCount);
        }

        return isDone;
    }

    /// <inheritdoc/>
    public override unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable) =>
        VirtualProtect(start, byteCount, isWritable ? PAGE_READWRITE : isReadable ? PAGE_READONLY : PAGE_NOACCESS, out _);

    /// <inheritdoc/>
    public override unsafe bool Lock(void* start, nuint byteCount) => VirtualLock(start, byteCount);

    /// <inheritdoc/>
    public override unsafe void Unlock(void* start, nuint byteCount) => _ = VirtualUnlock(start, byteCount);

    /// <inheritdoc/>
    public override unsafe void* ResizeTask(void* block, nuint byteCount) => CoTaskMemRealloc(block, byteCount);
}
