using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Regions;

/// <summary>Calls of Linux that bring files and processes into the states that tests need.</summary>
internal static partial class SystemSetup
{
    private const int BindMount = 0x1000;
    private const int DetachMount = 2;
    private const int LongestFile = 1;

    /// <summary>A user and a group that own nothing.</summary>
    public const uint Nobody = 65534;

    /// <summary>Limits the size of the files that a process makes.</summary>
    public static void LimitFiles(int processId, ulong byteCount)
    {
        ulong[] limit = [byteCount, byteCount];
        Assert.Equal(0, SetLimit(processId, LongestFile, limit, 0));
    }

    public static void GiveAway(string path, uint user) => Assert.Equal(0, ChangeOwner(path, user, user));

    public static void GiveLinkAway(string path, uint user) => Assert.Equal(0, ChangeLinkOwner(path, user, user));

    public static (uint User, uint Group) OwnerOf(string path)
    {
        using var stat = ChildProcess.Start("stat", ["-c", "%u %g", path]);
        string[] words = stat.WaitForEnd().Output.Trim().Split(' ');
        return (uint.Parse(words[0], null), uint.Parse(words[1], null));
    }

    public static void GiveSecondName(string path, string name) => Assert.Equal(0, Link(path, name));

    /// <summary>Mounts a file over another; false where this process may not.</summary>
    public static bool TryMountOver(string source, string target) => Mount(source, target, null, BindMount, 0) == 0;

    public static void Unmount(string target) => _ = Unmount(target, DetachMount);

    /// <summary>Gives a file an attribute; false where its file system has none.</summary>
    public static bool TryMark(string path) => SetAttribute(path, "user.mark", [1, 2, 3], 3, 0) == 0;

    /// <summary>Makes a link to a name of any bytes, of which the last is 0; false where the file system refuses the name.</summary>
    public static bool TryLinkTo(byte[] target, string path) => MakeLink(target, path) == 0;

    /// <summary>Removes a file with a name of any bytes, of which the last is 0.</summary>
    public static void Remove(byte[] path) => Assert.Equal(0, RemoveFile(path));

    /// <summary>Lets one more user read and write each new file of a folder; false where its file system has no access lists.</summary>
    public static bool TryLetNobodyReadNewFiles(string folder)
    {
        // Version 2, then for each entry: kind and rights of 16 bits each, and a user. The kinds: owner, user, group, mask, everyone.
        using var list = new MemoryStream();
        using var writer = new BinaryWriter(list);
        writer.Write(2);
        foreach ((int kind, int rights, uint user)
            in new[] { (1, 6, uint.MaxValue), (2, 6, Nobody), (4, 4, uint.MaxValue), (0x10, 6, uint.MaxValue), (0x20, 0, uint.MaxValue) })
        {
            writer.Write((short)kind);
            writer.Write((short)rights);
            writer.Write(user);
        }

        return SetAttribute(folder, "system.posix_acl_default", list.ToArray(), (nuint)list.Length, 0) == 0;
    }

    public static bool HasAccessList(string path) => GetAttribute(path, "system.posix_acl_access", new byte[64], 64) > 0;

    /// <summary>Mounts a file system in memory at a folder; false where this process may not.</summary>
    public static bool TryMountMemory(string folder, string options) => MountNew("tmpfs", folder, "tmpfs", 0, options) == 0;

    public static int MarkLength(string path) => (int)GetAttribute(path, "user.mark", new byte[8], 8);

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int SetLimit(int processId, int which, ulong[] limit, nint before);

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeLinkOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string path, string name);

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string? kind, nuint flags, nint data);

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountNew(string source, string target, string kind, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "symlink", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeLink(byte[] target, string path);

    [LibraryImport("libc", EntryPoint = "unlink")]
    private static partial int RemoveFile(byte[] path);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "setxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetAttribute(string path, string name, byte[] value, nuint byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetAttribute(string path, string name, byte[] value, nuint byteCount);
}
