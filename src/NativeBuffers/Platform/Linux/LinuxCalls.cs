using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Linux;

/// <summary>The C library's calls and numbers that only Linux has, under their names in C.</summary>
/// <inheritdoc cref="Unix.UnixCalls" path="/remarks|/safety"/>
[SuppressMessage("Style", "IDE1006", Justification = "The names are those of C.")]
internal static partial class LinuxCalls
{
    public const int MAP_ANONYMOUS = 0x20, MAP_HUGETLB = 0x40000;
    public const int MREMAP_MAYMOVE = 0x1;
    public const int MADV_DONTNEED = 4, MADV_HUGEPAGE = 14, MADV_NOHUGEPAGE = 15, MADV_DONTNEED_LOCKED = 24, MADV_GUARD_INSTALL = 102, MADV_GUARD_REMOVE = 103;
    public const int MS_SYNC = 4;
    public const int RLIMIT_MEMLOCK = 8;
    public const int O_CREAT = 0x40, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, UNNAMED_TMPFILE = 0x400000;
    public const uint S_IRUSR_IWUSR = 0x180, S_IRALL_IWALL = 0x1B6;
    public const int AT_FDCWD = -100, AT_SYMLINK_FOLLOW = 0x400, AT_EMPTY_PATH = 0x1000;
    public const uint STATX_BASIC_STATS = 0x7FF;
    public const int SIGBUS = 7, SIGSEGV = 11;
    public const nuint SIG_DFL = 0, SIG_IGN = 1;
    public const int SA_SIGINFO = 0x4, SA_ONSTACK = 0x0800_0000, SA_RESETHAND = unchecked((int)0x8000_0000);

    public static int O_DIRECTORY { get; } = IsArm ? 0x4000 : 0x10000;

    public static int O_NOFOLLOW { get; } = IsArm ? 0x8000 : 0x20000;

    /// <summary><c>O_TMPFILE</c>: a new file without a name, in a folder.</summary>
    public static int O_TMPFILE { get; } = UNNAMED_TMPFILE | O_DIRECTORY;

    // Among the processors of .NET, only these two have other numbers.
    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Ppc64le;

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial void* mremap(void* start, nuint oldByteCount, nuint newByteCount, int flags);

    [LibraryImport("libc")]
    public static unsafe partial int mincore(void* start, nuint byteCount, byte* pages);

    [LibraryImport("libc")]
    public static partial int malloc_trim(nuint padding);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fallocate(SafeFileHandle file, int mode, long offset, long byteCount);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int linkat(int oldFolder, string oldPath, int newFolder, string newPath, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint flistxattr(SafeFileHandle file, [Out] byte[] names, nuint byteCount);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statx(int folder, string path, int flags, uint mask, out Statx facts);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int statx(SafeFileHandle file, string path, int flags, uint mask, out Statx facts);

    [LibraryImport("libc")]
    public static unsafe partial int sigaction(int signal, SignalAction* action, SignalAction* before);

    /// <summary>The kernel's <c>struct statx</c>, the same on all processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct Statx
    {
        [FieldOffset(16)] public uint NameCount;
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(24)] public uint Group;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Number;
        [FieldOffset(136)] public ulong Device;
    }

    /// <summary>The C library's <c>struct sigaction</c>: the same in glibc and musl, on x64 and Arm64.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    public struct SignalAction
    {
        /// <summary><c>sa_sigaction</c>. After it: 128 bytes <c>sa_mask</c>, 4 bytes <c>sa_flags</c>, 4 of padding, 8 bytes <c>sa_restorer</c>.</summary>
        [FieldOffset(0)] public nuint Handler;
        [FieldOffset(136)] public int Flags;
    }
}
