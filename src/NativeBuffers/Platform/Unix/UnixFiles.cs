using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Unix;

/// <summary>The common part of Unix systems: <c>rename</c> takes a name from one file and gives it to another.</summary>
/// <remarks>
/// Other names of the old file stay with the old file. So a file with several names is written itself. A file of another owner is, too,
/// if this process may not change the owner of files. Mount points cannot be renamed over.
/// </remarks>
internal abstract partial class UnixFiles : SystemFiles
{
    private const int WriteOnly = 0x1;
    private const int SharedLockWithoutWaiting = 1 | 4;

    /// <summary>How to open a file to look at it: as one that is written, without waiting for a pipe, not for child processes.</summary>
    protected abstract int LookFlags { get; }

    /// <remarks>
    /// The platform's own method removes ".." as text: after a folder that is a link, the result is another file. And only the kernel knows
    /// which links it follows (<c>fs.protected_symlinks</c>), so the result counts if the kernel finds the same file at both paths.
    /// </remarks>
    public sealed override string? EndOf(string link) =>
        RealPath(link, 0) is { } end && At(end) is { } found && At(link)?.Is(found) == true ? end : null;

    public sealed override SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath)
    {
        temporaryPath = null;
        using SafeFileHandle old = Open(path, WriteOnly | LookFlags);
        int error = Marshal.GetLastPInvokeError();
        if (old.IsInvalid)
        {
            // A file that cannot be written is not replaced either. The caller opens it, and gets the platform's exception.
            ThrowIfShort(error, path);
            return SystemFault.IsMissing(error) ? CreateBeside(path, isSecret: false, out temporaryPath) : null;
        }

        UnixFile before = Of(old);
        if (!before.IsPlain || before.NameCount > 1 || !MayCreate(path))
        {
            return null;
        }

        SafeFileHandle? file = CreateBeside(path, isSecret: true, out temporaryPath);
        if (file is not null && !TryMakeAlike(file, old, before))
        {
            file.Dispose();
            file = null;
            if (temporaryPath is not null)
            {
                _ = Remove(temporaryPath);
                temporaryPath = null;
            }
        }

        return file;
    }

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        if (Rename(temporaryPath!, path) != 0)
        {
            ThrowIfShort(Marshal.GetLastPInvokeError(), path);
            return false;
        }

        temporaryPath = null;
        return true;
    }

    /// <summary>False if the system keeps programs that create from this file, though they may open it.</summary>
    protected virtual bool MayCreate(string path) => true;

    /// <summary>What the system tells of the file that a path leads to; null if there is none.</summary>
    protected abstract UnixFile? At(string path);

    /// <summary>What the system tells of an open file.</summary>
    protected abstract UnixFile Of(SafeFileHandle file);

    /// <summary>Gives a new file the extended attributes and access lists of another file, and no others; false if that fails.</summary>
    protected abstract bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to);

    /// <summary>Makes a new, empty file; null if that fails.</summary>
    /// <param name="path">The path of a file in the folder.</param>
    /// <param name="isSecret">True if only this user may open the new file at first.</param>
    /// <param name="temporaryPath">The new file's name; null if it has none.</param>
    protected virtual SafeFileHandle? CreateBeside(string path, bool isSecret, out string? temporaryPath)
    {
        temporaryPath = NameBeside(path);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = Everything,
            BufferSize = 0,
        };
        if (isSecret && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileStream(temporaryPath, options).SafeFileHandle;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            temporaryPath = null;
            ThrowIfShort(fault.HResult, path);
            return null;
        }
    }

    /// <summary>Throws if something is used up that a new file needs: then the old file must not be written instead.</summary>
    protected static void ThrowIfShort(int error, string path)
    {
        if (SystemFault.IsShortage(error))
        {
            throw SystemFault.Of(error, $"{path} could not be created");
        }
    }

    /// <summary>Locks the file against .NET programs that open it without sharing, as the platform locks the files that it opens.</summary>
    protected static void LockShared(SafeFileHandle file) => _ = Lock(file, SharedLockWithoutWaiting);

    private bool TryMakeAlike(SafeFileHandle file, SafeFileHandle old, UnixFile before)
    {
        UnixFile now = Of(file);
        bool isOwned = (now.Owner == before.Owner && now.Group == before.Group) || ChangeOwner(file, before.Owner, before.Group) == 0;

        // The mode comes last, because a change of owner removes some of its bits.
        return isOwned && TryCopyAttributes(old, file) && ChangeMode(file, before.Permissions) == 0;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fchown")]
    private static partial int ChangeOwner(SafeFileHandle file, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "fchmod")]
    private static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial string? RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string oldPath, string newPath);

    [LibraryImport("libc", EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Remove(string path);
}
