namespace NativeBuffers.Os;

/// <summary>How long a file may become that this process writes: <c>RLIMIT_FSIZE</c>, which shells call <c>ulimit -f</c>.</summary>
/// <remarks>A write beyond the limit is no error that can be caught: the signal SIGXFSZ ends the process. So writers ask first.</remarks>
internal static class FileSizeLimit
{
    /// <summary>The same number on Linux and macOS.</summary>
    private const int FileSize = 1;

    /// <summary>In bytes; <see cref="long.MaxValue"/> if there is no limit.</summary>
    public static long Current => !OperatingSystem.IsWindows() && UnixLimit.TryRead(FileSize, out long limit) ? limit : long.MaxValue;
}
