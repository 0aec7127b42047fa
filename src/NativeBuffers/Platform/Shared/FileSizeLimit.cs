using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.Shared;

/// <summary>The longest file that this process may write: <c>RLIMIT_FSIZE</c>, which shells call <c>ulimit -f</c>.</summary>
/// <remarks>A write beyond the limit cannot be caught: the signal SIGXFSZ ends the process. So callers ask before they write.</remarks>
internal static class FileSizeLimit
{
    /// <summary>The number of the limit, the same on Linux and macOS.</summary>
    private const int FileSize = 1;

    /// <summary>In bytes; <see cref="long.MaxValue"/> if there is no limit.</summary>
    public static long Current => !OperatingSystem.IsWindows() && UnixLimit.TryRead(FileSize, out long limit) ? limit : long.MaxValue;
}
