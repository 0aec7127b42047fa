using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>How long a file may become that this process writes: <c>RLIMIT_FSIZE</c>, which shells call <c>ulimit -f</c>.</summary>
/// <remarks>A write beyond the limit is no error that can be caught: the signal SIGXFSZ ends the process. So writers ask first.</remarks>
internal static partial class FileSizeLimit
{
    private const int FileSize = 1;

    /// <summary>In bytes; <see cref="long.MaxValue"/> if there is no limit.</summary>
    public static long Current =>
        !OperatingSystem.IsWindows() && ReadLimit(FileSize, out ResourceLimit limit) == 0 ? (long)ulong.Min(limit.Current, long.MaxValue) : long.MaxValue;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int ReadLimit(int which, out ResourceLimit limit);

    /// <summary>The system's <c>struct rlimit</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly ulong Current;
        public readonly ulong Most;
    }
}
