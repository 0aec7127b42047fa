using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.Linux;

/// <summary>Linux: files in memory (<c>/dev/shm</c>), which have no name until they are whole.</summary>
internal sealed partial class LinuxSharing : UnixSharing
{
    private const int ReadWrite = 0x2;
    private const int NotThroughLinks = 0x20000;
    private const int NotThroughLinksOnArm = 0x8000;
    private const int WithoutWaiting = 0x800;
    private const int NotForChildren = 0x80000;
    private const int NamelessFile = 0x400000;
    private const int FolderOnly = 0x10000;
    private const int FolderOnlyOnArm = 0x4000;
    private const uint ThisUserOnly = 0x180;
    private const int CurrentFolder = -100;
    private const int ThroughLinks = 0x400;
    private const int Taken = 17;

    protected override string Folder => "/dev/shm";

    // Two of the numbers differ between processors.
    protected override int OpenFlags { get; } = ReadWrite | WithoutWaiting | NotForChildren | (IsArm ? NotThroughLinksOnArm : NotThroughLinks);

    /// <summary>The number of <c>O_DIRECTORY</c>.</summary>
    internal static int FolderOnlyFlag { get; } = IsArm ? FolderOnlyOnArm : FolderOnly;

    // Among the processors of .NET, only these two have other numbers.
    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Ppc64le;

    protected override SafeFileHandle CreateLocked(out string? temporaryPath)
    {
        temporaryPath = null;
        SafeFileHandle file = Create(Folder, ReadWrite | NotForChildren | NamelessFile | FolderOnlyFlag, ThisUserOnly);
        int error = Marshal.GetLastPInvokeError();
        try
        {
            if (file.IsInvalid)
            {
                throw SystemFault.Of(error, $"A file for shared memory could not be created in {Folder}");
            }

            LockShared(file);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    protected override bool TryName(SafeFileHandle file, string? temporaryPath, string path)
    {
        string open = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}");
        if (Link(CurrentFolder, open, CurrentFolder, path, ThroughLinks) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == Taken ? false : throw SystemFault.Of(error, $"Shared memory could not be named {path}");
    }

    protected override bool HasName(SafeFileHandle file, string path) => LinuxFile.At(path)?.Is(LinuxFile.Of(file)) == true;

    protected override bool IsMine(SafeFileHandle file) => LinuxFile.Of(file) is { IsPlain: true } found && found.Owner == User;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Create(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(int oldFolder, string oldPath, int newFolder, string newPath, int flags);
}
