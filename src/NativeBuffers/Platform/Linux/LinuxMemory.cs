using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using NativeBuffers.Primitives;

namespace NativeBuffers.Platform.Linux;

/// <summary>Linux: <c>mmap</c>, <c>mremap</c>, <c>munmap</c>, <c>madvise</c>, huge pages, and glibc's <c>malloc_trim</c>.</summary>
internal sealed partial class LinuxMemory : UnixMemory
{
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int Fixed = 0x10;
    private const int Huge = 0x40000;
    private const int MayMove = 0x1;
    private const int DoNotNeed = 4;
    private const int UseHugePages = 14;
    private const int DoNotNeedLocked = 24;
    private const int GuardInstall = 102;
    private const int GuardRemove = 103;

    private const string TransparentSwitch = "/sys/kernel/mm/transparent_hugepage/enabled";
    private const string TransparentSize = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";

    protected override int LockLimitNumber => 8;

    public override int MostMappings => int.TryParse(ReadOrEmpty("/proc/sys/vm/max_map_count"), out int most) ? most : 65_530;

    public override unsafe void* Reserve(nuint byteCount, PageKind kind)
    {
        if (FailPoint.IsRefused)
        {
            return null;
        }

        switch (kind)
        {
            case PageKind.Explicit:
                // Taken from the administrator's pool now, all of them: what is touched later is there.
                return MappedOrNull(Map(null, byteCount, NoAccess, PrivateAnonymous | Huge, -1, 0));
            case PageKind.Transparent:
                if (!AreTransparentPagesOn())
                {
                    return null;
                }

                void* start = Map(byteCount, byteCount < HugeRun() ? PageSize : HugeRun(), NoAccess);
                if (start != null && Advise(start, byteCount, UseHugePages) != 0)
                {
                    Free(start, byteCount);
                    return null;
                }

                return start;
            default:
                return MappedOrNull(Map(byteCount, NoAccess));
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

    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind)
    {
        if (kind == PageKind.Explicit)
        {
            // They stay set aside for this mapping, and a second one beside it might find none left in the pool.
            return Advise(start, byteCount, DoNotNeed) == 0 && Protect(start, byteCount, isReadable: false, isWritable: false);
        }

        // A new mapping in the old one's place: pages, contents and locks are gone at once, and the memory counts as free again,
        // as it would not if the pages were only emptied and protected.
        if (FailPoint.IsRefused || MappedOrNull(Map(start, byteCount, NoAccess, PrivateAnonymous | Fixed, -1, 0)) == null)
        {
            return false;
        }

        if (kind == PageKind.Transparent)
        {
            // It is only advice: without it the pages will be small.
            _ = Advise(start, byteCount, UseHugePages);
        }

        return true;
    }

    /// <remarks>Since Linux 6.13. Locked pages cannot be guarded; the page tried here is locked if the program locks all that it maps.</remarks>
    public override bool HasGuardPages => IsGuarding(GuardInstall, GuardRemove);

    /// <summary>Whether two numbers of advice guard a page and end that.</summary>
    /// <remarks>
    /// An emulator may agree to advice that it does not know (the user mode of qemu). So the page that is tried has contents, and they must be
    /// gone afterwards.
    /// </remarks>
    /// <param name="install">The advice to guard.</param>
    /// <param name="remove">The advice to guard no more.</param>
    public unsafe bool IsGuarding(int install, int remove)
    {
        byte* page = (byte*)Allocate(PageSize, 1);
        if (page == null)
        {
            return false;
        }

        // SAFETY: the page was just mapped, and no other code knows it. It is touched before it is guarded, and when it is guarded no more.
        *page = 1;
        bool isGuarding = Advise(page, PageSize, install) == 0 && Advise(page, PageSize, remove) == 0 && *page == 0;
        Free(page, PageSize);
        return isGuarding;
    }

    public override unsafe bool Guard(void* start, nuint byteCount) => !FailPoint.IsRefused && Advise(start, byteCount, GuardInstall) == 0;

    public override unsafe bool Unguard(void* start, nuint byteCount) => !FailPoint.IsRefused && Advise(start, byteCount, GuardRemove) == 0;

    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable)
    {
        if (!isLocked)
        {
            return Advise(start, byteCount, DoNotNeed) == 0;
        }

        return Advise(start, byteCount, DoNotNeedLocked) == 0 || DiscardByUnlocking(start, byteCount);
    }

    /// <summary>As <see cref="Discard"/> of locked pages, for kernels before 5.18. Locking them again brings empty ones back at once.</summary>
    public unsafe bool DiscardByUnlocking(void* start, nuint byteCount)
    {
        Unlock(start, byteCount);
        bool isDone = Advise(start, byteCount, DoNotNeed) == 0;
        return Lock(start, byteCount) && isDone;
    }

    public override unsafe void FindResident(void* start, Span<byte> pages)
    {
        fixed (byte* found = pages)
        {
            if (ReadResident(start, (nuint)pages.Length * PageSize, found) != 0)
            {
                pages.Fill(1);
            }
        }

        // The other bits are reserved.
        foreach (ref byte page in pages)
        {
            page &= 1;
        }
    }

    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount) =>
        FailPoint.IsRefused ? null : MappedOrNull(Remap(start, oldByteCount, newByteCount, MayMove));

    public override unsafe void Free(void* start, nuint byteCount)
    {
        if (Unmap(start, byteCount) != 0)
        {
            // A hole between two other mappings would be one piece more than the process may have (vm.max_map_count). The addresses
            // are lost then; the memory is not.
            _ = Advise(start, byteCount, DoNotNeed);
        }
    }

    public override void ReleaseFreedHeap()
    {
        try
        {
            _ = TrimHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc (musl has no such call): there is nothing to ask.
        }
    }

    protected override unsafe void* Map(nuint byteCount, int protection) => Map(null, byteCount, protection, PrivateAnonymous, -1, 0);

    private static bool AreTransparentPagesOn() => ReadOrEmpty(TransparentSwitch) is { Length: > 0 } modes
        && !modes.Contains("[never]", StringComparison.Ordinal);

    /// <summary>How many bytes become one huge page: where that many lie together from a multiple of it on.</summary>
    private static nuint HugeRun() => nuint.TryParse(ReadOrEmpty(TransparentSize), out nuint size) && nuint.IsPow2(size) ? size : PageSize;

    /// <summary>A number from <c>/proc/meminfo</c>; 0 when it is not there.</summary>
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

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mremap")]
    private static unsafe partial void* Remap(void* start, nuint oldByteCount, nuint newByteCount, int flags);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* start, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static unsafe partial int ReadResident(void* start, nuint byteCount, byte* pages);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint padding);
}
