using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.MacOS;

/// <summary>The C library's calls and numbers that only macOS has, under their names in C. Compiled, not run yet.</summary>
/// <inheritdoc cref="Unix.UnixCalls" path="/remarks|/safety"/>
[SuppressMessage("Style", "IDE1006", Justification = "The names are those of C.")]
internal static partial class MacCalls
{
    public const int MAP_ANON = 0x1000;
    public const int MS_SYNC = 0x10;
    public const int RLIMIT_MEMLOCK = 6;
    public const int O_NONBLOCK = 0x4, O_SHLOCK = 0x10, O_NOFOLLOW = 0x100, O_CLOEXEC = 0x1000000;
    public const int F_PREALLOCATE = 42, F_FULLFSYNC = 51;
    public const uint F_ALLOCATEALL = 0x4;
    public const int F_PEOFPOSMODE = 3;
    public const uint COPYFILE_ACL = 0x1, COPYFILE_XATTR = 0x4;

    [LibraryImport("libSystem")]
    public static partial nuint malloc_zone_pressure_relief(nint zone, nuint goal);

    [LibraryImport("libSystem", SetLastError = true)]
    public static partial int fsync(SafeFileHandle file);

    [LibraryImport("libSystem")]
    public static partial int fcopyfile(SafeFileHandle from, SafeFileHandle to, nint state, uint flags);

    [LibraryImport("libSystem", SetLastError = true)]
    public static partial SafeFileHandle mkostemp([In, Out] byte[] template, int flags);

    [LibraryImport("libSystem", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int link(string oldPath, string newPath);

    [LibraryImport("libSystem", SetLastError = true)]
    public static partial int fcntl(SafeFileHandle file, int command);

    /// <remarks>
    /// <c>fcntl</c> takes variable arguments. On Apple's Arm64 these are passed on the stack. P/Invoke puts an argument there only after all
    /// eight registers are taken, so six unused words come before the argument. On Intel it is passed like any third argument.
    /// </remarks>
    public static int fcntl(SafeFileHandle file, int command, ref FStore room) =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? fcntl_arm64(file, command, 0, 0, 0, 0, 0, 0, ref room)
            : fcntl_x64(file, command, ref room);

    /// <remarks>On Intel the plain name is that of a call with another structure.</remarks>
    public static int stat(string path, out Stat facts) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? stat_x64(path, out facts) : stat_arm64(path, out facts);

    /// <inheritdoc cref="stat"/>
    public static int fstat(SafeFileHandle file, out Stat facts) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? fstat_x64(file, out facts) : fstat_arm64(file, out facts);

    [LibraryImport("libSystem", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int fcntl_x64(SafeFileHandle file, int command, ref FStore room);

    [LibraryImport("libSystem", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int fcntl_arm64(
        SafeFileHandle file, int command, nint third, nint fourth, nint fifth, nint sixth, nint seventh, nint eighth, ref FStore room);

    [LibraryImport("libSystem", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int stat_x64(string path, out Stat facts);

    [LibraryImport("libSystem", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int stat_arm64(string path, out Stat facts);

    [LibraryImport("libSystem", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int fstat_x64(SafeFileHandle file, out Stat facts);

    [LibraryImport("libSystem", EntryPoint = "fstat", SetLastError = true)]
    private static partial int fstat_arm64(SafeFileHandle file, out Stat facts);

    /// <summary><c>fstore_t</c>: a request for room on the disk after the end of a file, all of it or none.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FStore(long byteCount)
    {
        public uint Flags = F_ALLOCATEALL;
        public int Place = F_PEOFPOSMODE;
        public long Offset;
        public long ByteCount = byteCount;
        public long TakenByteCount;
    }

    /// <summary><c>struct stat</c> with 64-bit file numbers.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    public struct Stat
    {
        [FieldOffset(0)] public uint Device;
        [FieldOffset(4)] public ushort Mode;
        [FieldOffset(6)] public ushort NameCount;
        [FieldOffset(8)] public ulong Number;
        [FieldOffset(16)] public uint Owner;
        [FieldOffset(20)] public uint Group;
    }
}
