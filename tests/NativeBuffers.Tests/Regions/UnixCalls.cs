using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Regions;

/// <summary>Calls of Linux that bring files and processes into the states that tests need.</summary>
internal static partial class UnixCalls
{
    private const int BindMount = 0x1000;
    private const int DetachMount = 2;
    private const int LongestFile = 1;

    /// <summary>A user and a group that own nothing.</summary>
    public const uint Nobody = 65534;

    /// <summary>Lets a process make files of so many bytes and no more.</summary>
    public static void LimitFiles(int processId, ulong byteCount)
    {
        ulong[] limit = [byteCount, byteCount];
        Assert.Equal(0, SetLimit(processId, LongestFile, limit, 0));
    }

    public static void GiveAway(string path, uint user) => Assert.Equal(0, ChangeOwner(path, user, user));

    public static (uint User, uint Group) OwnerOf(string path)
    {
        using var stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u %g", path]) { RedirectStandardOutput = true })!;
        string[] words = stat.StandardOutput.ReadToEnd().Trim().Split(' ');
        return (uint.Parse(words[0], null), uint.Parse(words[1], null));
    }

    public static void GiveSecondName(string path, string name) => Assert.Equal(0, Link(path, name));

    /// <summary>Mounts a file over another; false where this process may not.</summary>
    public static bool TryMountOver(string source, string target) => Mount(source, target, null, BindMount, 0) == 0;

    public static void Unmount(string target) => _ = Unmount(target, DetachMount);

    /// <summary>Gives a file an attribute; false where its file system has none.</summary>
    public static bool TryMark(string path) => SetAttribute(path, "user.mark", [1, 2, 3], 3, 0) == 0;

    public static int MarkLength(string path) => (int)GetAttribute(path, "user.mark", new byte[8], 8);

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int SetLimit(int processId, int which, ulong[] limit, nint before);

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string path, string name);

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string? kind, nuint flags, nint data);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "setxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetAttribute(string path, string name, byte[] value, nuint byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetAttribute(string path, string name, byte[] value, nuint byteCount);
}
