using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Unix;

/// <summary>The C library's calls and numbers that are the same on Linux and macOS, under their names in C.</summary>
/// <remarks>A failed call returns -1, or <see cref="MAP_FAILED"/>. <see cref="Marshal.GetLastPInvokeError"/> has the error number only if
/// the declaration sets it.</remarks>
/// <safety>
/// An address and a byte count name mapped pages of this process. No other code uses pages while a call unmaps them, maps over them, drops
/// their contents, or makes them less accessible.
/// </safety>
[SuppressMessage("Style", "IDE1006", Justification = "The names are those of C.")]
internal static partial class UnixCalls
{
    public const int MS_ASYNC = 1;
    public const int ENOMEM = 12;
    public const int PROT_NONE = 0, PROT_READ = 0x1, PROT_WRITE = 0x2, PROT_EXEC = 0x4;
    public const int MAP_SHARED = 0x01, MAP_PRIVATE = 0x02, MAP_FIXED = 0x10;
    public const int MADV_SEQUENTIAL = 2;
    public const int O_WRONLY = 0x1, O_RDWR = 0x2;
    public const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4;
    public const int RLIMIT_FSIZE = 1;

    public static unsafe void* MAP_FAILED => (void*)-1;

    [LibraryImport("libc")]
    public static unsafe partial void* mmap(void* hint, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial void* mmap(void* hint, nuint byteCount, int protection, int flags, SafeFileHandle file, nint offset);

    [LibraryImport("libc")]
    public static unsafe partial int munmap(void* start, nuint byteCount);

    [LibraryImport("libc")]
    public static unsafe partial int mprotect(void* start, nuint byteCount, int protection);

    [LibraryImport("libc")]
    public static unsafe partial int madvise(void* start, nuint byteCount, int advice);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial int msync(void* start, nuint byteCount, int flags);

    [LibraryImport("libc")]
    public static unsafe partial int mlock(void* start, nuint byteCount);

    [LibraryImport("libc")]
    public static unsafe partial int munlock(void* start, nuint byteCount);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ftruncate(SafeFileHandle file, long byteCount);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc")]
    public static partial int fchown(SafeFileHandle file, uint owner, uint group);

    [LibraryImport("libc")]
    public static partial int fchmod(SafeFileHandle file, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial string? realpath(string path, nint buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rename(string oldPath, string newPath);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int unlink(string path);

    [LibraryImport("libc")]
    public static partial uint geteuid();

    /// <summary>A limit of this process; <see cref="long.MaxValue"/> if there is none.</summary>
    /// <param name="which">Its number (<c>RLIMIT_…</c>).</param>
    public static long LimitOf(int which) =>
        getrlimit(which, out Limit limit) == 0 ? (long)ulong.Min(limit.Current, long.MaxValue) : long.MaxValue;

    [LibraryImport("libc")]
    private static partial int getrlimit(int which, out Limit limit);

    /// <summary><c>struct rlimit</c>. The largest number means that there is no limit; it is signed on macOS.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Limit
    {
        public readonly ulong Current;
        public readonly ulong Most;
    }
}
