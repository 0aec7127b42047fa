namespace NativeBuffers.Platform.Shared;

/// <summary>The system on which this process runs: one of the three that the library supports.</summary>
/// <remarks>
/// On another system the numbers of system calls would be wrong without a message. A pointer of 4 bytes would not fill the words of slots
/// and cursors. So the first request for memory throws there. A static initializer must not throw, because the program would get a
/// <see cref="TypeInitializationException"/>. So the members here throw.
/// </remarks>
internal static class ThisSystem
{
    private static readonly SystemKind? s_kind = Find(
        OperatingSystem.IsLinux(),
        OperatingSystem.IsWindows(),
        OperatingSystem.IsMacOS() && !OperatingSystem.IsMacCatalyst(),
        nint.Size);

    /// <summary>The system of this process.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the three, or this is a 32-bit process.</exception>
    public static SystemKind Kind => s_kind ?? throw Unsupported();

    /// <summary>Throws if the library does not support this process.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the three, or this is a 32-bit process.</exception>
    public static void ThrowIfUnsupported() => _ = Kind;

    /// <summary>Makes the object for this system; null on other systems, so that a static initializer may call this.</summary>
    public static T? Choose<T>(Func<T> linux, Func<T> windows, Func<T> mac)
        where T : class => s_kind switch
        {
            SystemKind.Linux => linux(),
            SystemKind.Windows => windows(),
            SystemKind.MacOS => mac(),
            _ => null,
        };

    /// <summary>The system of a process; null if it is none of the three, or if pointers do not have 8 bytes.</summary>
    public static SystemKind? Find(bool isLinux, bool isWindows, bool isMac, int pointerByteCount) =>
        pointerByteCount != sizeof(long) ? null
        : isLinux ? SystemKind.Linux
        : isWindows ? SystemKind.Windows
        : isMac ? SystemKind.MacOS
        : null;

    /// <summary>The exception that names the system of this process, and the supported systems.</summary>
    public static PlatformNotSupportedException Unsupported() => new(
        $"NativeBuffers runs in 64-bit processes on Linux, Windows and macOS. This is a {8 * nint.Size}-bit process on {Environment.OSVersion.VersionString}."
        + " Android, iOS, tvOS, Mac Catalyst, FreeBSD and browsers are not supported.");
}
