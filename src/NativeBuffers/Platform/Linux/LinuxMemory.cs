using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;
using static NativeBuffers.Platform.Linux.LinuxCalls;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Linux;

/// <summary>Pages on Linux: <c>mmap</c>, <c>mremap</c>, <c>munmap</c>, <c>madvise</c>, huge pages, and glibc's <c>malloc_trim</c>.</summary>
internal sealed class LinuxMemory : UnixMemory
{
    private const string TransparentSwitch = "/sys/kernel/mm/transparent_hugepage/enabled";
    private const string TransparentSize = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";

    /// <summary>Negative until the system was asked.</summary>
    private static nint s_hugePageSize = -1;

    public override nuint HugePageSize
    {
        get
        {
            try
            {
                s_hugePageSize = s_hugePageSize >= 0 ? s_hugePageSize : AreTransparentPagesOn() ? (nint)ReadHugePageSize() : 0;
                return (nuint)s_hugePageSize;
            }
            catch (OutOfMemoryException)
            {
                // The next call asks again.
                return 0;
            }
        }
    }

    public override int MostMappings => int.TryParse(ReadOrEmpty("/proc/sys/vm/max_map_count"), out int most) ? most : 65_530;

    /// <remarks>Since Linux 6.13. Locked pages cannot become guard pages; the page tried here is locked if the program locks all its mappings.</remarks>
    public override bool HasGuardPages => IsGuarding(MADV_GUARD_INSTALL, MADV_GUARD_REMOVE);

    protected override int AnonymousFlag => MAP_ANONYMOUS;

    protected override int LockLimitNumber => RLIMIT_MEMLOCK;

    protected override string SizeFunction => "malloc_usable_size";

    /// <inheritdoc/>
    public override unsafe void* Reserve(nuint byteCount, PageKind kind)
    {
        if (FailPoint.IsRefused)
        {
            return null;
        }

        switch (kind)
        {
            case PageKind.Explicit:
                // The kernel takes all of them from the administrator's pool now, so a later access finds its page.
                return Map(byteCount, PROT_NONE, MAP_HUGETLB);
            case PageKind.Transparent:
                if (!AreTransparentPagesOn())
                {
                    return null;
                }

                nuint hugePage = ReadHugePageSize();
                void* start = Map(byteCount, byteCount < hugePage ? PageSize : hugePage, PROT_NONE);
                if (start != null && madvise(start, byteCount, MADV_HUGEPAGE) != 0)
                {
                    Free(start, byteCount);
                    return null;
                }

                return start;
            default:
                return Map(byteCount, PROT_NONE);
        }
    }

    public override nuint PageSizeOf(PageKind kind) => kind switch
    {
        PageKind.Explicit => (nuint)(1024 * ReadMemoryInfo("Hugepagesize:")),
        PageKind.Transparent => AreTransparentPagesOn() ? PageSize : 0,
        _ => PageSize,
    };

    public override string RefusalOf(PageKind kind) => kind == PageKind.Explicit
        ? $"The pool of explicit huge pages (vm.nr_hugepages) has {ReadMemoryInfo("HugePages_Total:"):N0}"
            + $" of {1024 * ReadMemoryInfo("Hugepagesize:"):N0} bytes, and too few of them are free."
        : $"Transparent huge pages are switched off in {TransparentSwitch}, or this kernel has none.";

    /// <inheritdoc/>
    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind)
    {
        if (kind == PageKind.Explicit)
        {
            // These pages stay reserved for this mapping. A second mapping beside it might find the pool empty.
            return madvise(start, byteCount, MADV_DONTNEED) == 0 && Protect(start, byteCount, isReadable: false, isWritable: false);
        }

        // A new mapping in the old one's place removes pages, contents and locks at once. The kernel counts their memory as free again,
        // which it would not do if the pages were only emptied and protected.
        if (FailPoint.IsRefused || Map(byteCount, PROT_NONE, MAP_FIXED, start) == null)
        {
            return false;
        }

        if (kind == PageKind.Transparent)
        {
            // If the kernel refuses this advice, the pages will be small.
            _ = madvise(start, byteCount, MADV_HUGEPAGE);
        }

        return true;
    }

    /// <summary>True if one number of advice makes a guard page, and another one makes it an ordinary page again.</summary>
    /// <remarks>
    /// An emulator (the user mode of qemu) may agree to advice that it does not know. So the tried page has contents, and they must be
    /// gone afterwards.
    /// </remarks>
    /// <safety>The caller maps and unmaps the page that it tests.</safety>
    public unsafe bool IsGuarding(int install, int remove)
    {
        byte* page = (byte*)Allocate(PageSize, 1);
        if (page == null)
        {
            return false;
        }

        // SAFETY: page is a mapped page of PageSize bytes, which only this method knows and frees. It is written before it becomes a guard
        // page, and read only if it is an ordinary page again.
        *page = 1;
        bool isGuarding = madvise(page, PageSize, install) == 0 && madvise(page, PageSize, remove) == 0 && *page == 0;
        Free(page, PageSize);
        return isGuarding;
    }

    /// <inheritdoc/>
    public override unsafe bool Guard(void* start, nuint byteCount) => !FailPoint.IsRefused && madvise(start, byteCount, MADV_GUARD_INSTALL) == 0;

    /// <inheritdoc/>
    public override unsafe bool Unguard(void* start, nuint byteCount) => !FailPoint.IsRefused && madvise(start, byteCount, MADV_GUARD_REMOVE) == 0;

    /// <inheritdoc/>
    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable) => isLocked
        ? madvise(start, byteCount, MADV_DONTNEED_LOCKED) == 0 || DiscardByUnlocking(start, byteCount)
        : madvise(start, byteCount, MADV_DONTNEED) == 0;

    /// <summary>Discards locked pages on kernels before 5.18. Locking them again fills them with empty pages at once.</summary>
    /// <inheritdoc cref="SystemMemory" path="/safety"/>
    public unsafe bool DiscardByUnlocking(void* start, nuint byteCount)
    {
        Unlock(start, byteCount);
        bool isDone = madvise(start, byteCount, MADV_DONTNEED) == 0;
        return Lock(start, byteCount) && isDone;
    }

    /// <inheritdoc/>
    public override unsafe void FindResident(void* start, Span<byte> pages)
    {
        fixed (byte* found = pages)
        {
            if (mincore(start, (nuint)pages.Length * PageSize, found) != 0)
            {
                pages.Fill(1);
            }
        }

        // All other bits are reserved.
        foreach (ref byte page in pages)
        {
            page &= 1;
        }
    }

    /// <inheritdoc/>
    public override unsafe void FillWithHugePages(void* start, nuint byteCount)
    {
        if (FailPoint.IsRefused || madvise(start, byteCount, MADV_HUGEPAGE) != 0)
        {
            return;
        }

        // The first touch of a huge page gives it memory: small pages, if no huge one is free.
        for (nuint i = 0; i < byteCount; i += HugePageSize)
        {
            Volatile.Write(ref ((byte*)start)[i], 0);
        }

        _ = madvise(start, byteCount, MADV_NOHUGEPAGE);
    }

    /// <inheritdoc/>
    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount)
    {
        void* resized = FailPoint.IsRefused ? MAP_FAILED : mremap(start, oldByteCount, newByteCount, MREMAP_MAYMOVE);
        return resized == MAP_FAILED ? null : resized;
    }

    /// <inheritdoc/>
    public override unsafe void Free(void* start, nuint byteCount)
    {
        if (munmap(start, byteCount) != 0)
        {
            // A hole in a mapping adds one to the number of mappings, which the kernel limits (vm.max_map_count). The addresses
            // are lost then; the memory is not.
            _ = madvise(start, byteCount, MADV_DONTNEED);
        }
    }

    public override void ReleaseFreedHeap()
    {
        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Only glibc has this call; musl has none.
        }
    }

    private static bool AreTransparentPagesOn() => ReadOrEmpty(TransparentSwitch) is { Length: > 0 } modes
        && !modes.Contains("[never]", StringComparison.Ordinal);

    /// <summary>The size of a transparent huge page, which starts at a multiple of its size.</summary>
    private static nuint ReadHugePageSize() => nuint.TryParse(ReadOrEmpty(TransparentSize), out nuint size) && nuint.IsPow2(size) ? size : PageSize;

    /// <summary>A number from <c>/proc/meminfo</c>; 0 if it is not there.</summary>
    private static long ReadMemoryInfo(string name)
    {
        foreach (string line in ReadOrEmpty("/proc/meminfo").Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(name.Length).TrimEnd("kB").Trim(), out long number))
            {
                return number;
            }
        }

        return 0;
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
