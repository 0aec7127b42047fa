using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>What <c>getrlimit</c> tells of this process.</summary>
internal static partial class UnixLimit
{
    /// <summary>A limit; false where there is none.</summary>
    public static bool TryRead(int which, out long limit)
    {
        bool isRead = Read(which, out Limit found) == 0;
        limit = (long)ulong.Min(found.Current, long.MaxValue);

        // "Without" is the largest number there is, which is signed on macOS.
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
