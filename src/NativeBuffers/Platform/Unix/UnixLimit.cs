namespace NativeBuffers.Platform.Unix;

/// <summary>Reads the limits of this process with <c>getrlimit</c>.</summary>
internal static partial class UnixLimit
{
    /// <summary>A limit; false where there is none.</summary>
    public static bool TryRead(int which, out long limit)
    {
        bool isRead = Read(which, out Limit found) == 0;
        limit = (long)ulong.Min(found.Current, long.MaxValue);

        // The largest number means that there is no limit. The number is signed on macOS.
        return isRead && limit < long.MaxValue;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int Read(int which, out Limit limit);

    /// <summary>The system's <c>struct rlimit</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Limit
    {
        public readonly ulong Current;
        public readonly ulong Most;
    }
}
