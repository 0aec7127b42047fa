using System.Text;
using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.Linux;

/// <summary>Linux: a new file has no name until it is whole, so a process that ends before leaves no file.</summary>
internal sealed partial class LinuxFiles : UnixFiles
{
    private const int WriteOnly = 0x1;
    private const int ReadWrite = 0x2;
    private const int Creating = 0x40;
    private const int WithoutWaiting = 0x800;
    private const int NotForChildren = 0x80000;
    private const int NamelessFile = 0x400000;
    private const uint UsersFile = 0x180;
    private const uint AnyonesFile = 0x1B6;
    private const int CurrentFolder = -100;
    private const int ThroughLinks = 0x400;
    private const int MostAttributeBytes = 1024;

    protected override int LookFlags => WithoutWaiting | NotForChildren;

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        if (temporaryPath is not null)
        {
            return base.TryPutInPlace(file, ref temporaryPath, path);
        }

        if (Link(file, path) == 0)
        {
            return true;
        }

        // A file without a name can take only a name that is free. So it gets a temporary name for a moment.
        string name = NameBeside(path);
        if (Link(file, name) != 0)
        {
            ThrowIfShort(Marshal.GetLastPInvokeError(), path);
            return false;
        }

        temporaryPath = name;
        return base.TryPutInPlace(file, ref temporaryPath, path);
    }

    /// <remarks>So it is for files of other users in folders like <c>/tmp</c> (<c>fs.protected_regular</c>). The kernel does it for calls that create.</remarks>
    protected override bool MayCreate(string path)
    {
        using SafeFileHandle file = Create(path, WriteOnly | Creating | LookFlags, UsersFile);
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            ThrowIfShort(error, path);
        }

        return !file.IsInvalid;
    }

    protected override UnixFile? At(string path) => LinuxFile.At(path);

    protected override UnixFile Of(SafeFileHandle file) => LinuxFile.Of(file);

    /// <remarks>
    /// Attributes are not copied: a file that has any is written itself, and so is a file in a folder that gives access lists to new files. The
    /// label of SELinux does not count, because the folder gives the new file one.
    /// </remarks>
    protected override bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to) => HasNone(from) && HasNone(to);

    protected override SafeFileHandle? CreateBeside(string path, bool isSecret, out string? temporaryPath)
    {
        temporaryPath = null;
        SafeFileHandle file = Create(
            Path.GetDirectoryName(path)!, ReadWrite | NotForChildren | NamelessFile | LinuxSharing.FolderOnlyFlag, isSecret ? UsersFile : AnyonesFile);
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            // Not all file systems have files without a name.
            file.Dispose();
            ThrowIfShort(error, path);
            return base.CreateBeside(path, isSecret, out temporaryPath);
        }

        LockShared(file);
        return file;
    }

    private static bool HasNone(SafeFileHandle file)
    {
        byte[] names = new byte[MostAttributeBytes];
        nint byteCount = ListAttributes(file, names, (nuint)names.Length);
        return byteCount < 0
            ? Marshal.GetLastPInvokeError() == LinuxMaps.NotSupported
            : Encoding.UTF8.GetString(names, 0, (int)byteCount).Split('\0').All(static name => name is "" or "security.selinux");
    }

    private static int Link(SafeFileHandle file, string path) => Link(
        CurrentFolder,
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}"),
        CurrentFolder,
        path,
        ThroughLinks);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Create(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(int oldFolder, string oldPath, int newFolder, string newPath, int flags);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    private static partial nint ListAttributes(SafeFileHandle file, [Out] byte[] names, nuint byteCount);
}
