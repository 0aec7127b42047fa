namespace NativeBuffers.Os;

/// <summary>The system this process runs on: one of the three that the border is written for, or refused.</summary>
/// <remarks>
/// The constants of another system would be wrong without a word, and a pointer of 4 bytes would not fill the words that slots
/// and cursors are made of. So such a process is refused when it first asks for memory. The answer is worked out once; a static
/// initialiser that threw would be told as <see cref="TypeInitializationException"/>, so the members here throw instead.
/// </remarks>
internal static class ThisSystem
{
    private static readonly SystemKind? s_kind = Find(
        OperatingSystem.IsLinux(),
        OperatingSystem.IsWindows(),
        OperatingSystem.IsMacOS() && !OperatingSystem.IsMacCatalyst(),
        nint.Size);

    /// <summary>Which one it is.</summary>
    /// <exception cref="PlatformNotSupportedException">None of the three, or a 32-bit process.</exception>
    public static SystemKind Kind => s_kind ?? throw Unsupported();

    /// <summary>Throws unless the library can work here.</summary>
    /// <exception cref="PlatformNotSupportedException">None of the three, or a 32-bit process.</exception>
    public static void ThrowIfUnsupported() => _ = Kind;

    /// <summary>The side of the border for this system; null where there is none, so that a static initialiser may call this.</summary>
    public static T? Choose<T>(Func<T> linux, Func<T> windows, Func<T> mac)
        where T : class => s_kind switch
        {
            SystemKind.Linux => linux(),
            SystemKind.Windows => windows(),
            SystemKind.MacOS => mac(),
            _ => null,
        };

    /// <summary>Which of the three a process runs on; null if none, or if its pointers have not 8 bytes.</summary>
    public static SystemKind? Find(bool isLinux, bool isWindows, bool isMac, int pointerByteCount) =>
        pointerByteCount != sizeof(long) ? null
        : isLinux ? SystemKind.Linux
        : isWindows ? SystemKind.Windows
        : isMac ? SystemKind.MacOS
        : null;

    /// <summary>Says where the process runs, and where the library does.</summary>
    public static PlatformNotSupportedException Unsupported() => new(
        $"NativeBuffers runs in 64-bit processes on Linux, Windows and macOS. This is a {8 * nint.Size}-bit process on {Environment.OSVersion.VersionString}."
        + " Android, iOS, tvOS, Mac Catalyst, FreeBSD and browsers are not supported.");
}
