using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Unix;

/// <summary>File replacement on Unix systems: <c>rename</c> takes a name from one file and gives it to another.</summary>
/// <remarks>
/// All other names of the old file stay with the old file. So a file with several names is not replaced but written. The same happens to a
/// file of another owner if this process may not change the owner of files. Mount points cannot be renamed over.
/// </remarks>
internal abstract class UnixFiles(UnixStat stat) : SystemFiles
{
    /// <summary>Flags of <c>open</c> to look at a file: without waiting for a pipe, and not for child processes.</summary>
    protected abstract int LookFlags { get; }

    /// <remarks>
    /// The platform's own method removes ".." as text: after a folder that is a link, the result is another file. And only the kernel knows
    /// which links it follows (<c>fs.protected_symlinks</c>), so the result counts if the kernel finds the same file at both paths.
    /// </remarks>
    public sealed override string? EndOf(string link) =>
        realpath(link, 0) is { } end && stat.At(end) is { } found && stat.At(link)?.Is(found) == true ? end : null;

    public sealed override SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath)
    {
        temporaryPath = null;
        using SafeFileHandle old = open(path, O_WRONLY | LookFlags);
        int error = Marshal.GetLastPInvokeError();
        if (old.IsInvalid)
        {
            // A file that cannot be written is not replaced either. The caller opens it, and gets the platform's exception.
            ThrowIfShort(error, path);
            return SystemError.IsMissing(error) ? CreateBeside(path, isSecret: false, out temporaryPath) : null;
        }

        UnixFile before = stat.Of(old);
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
                _ = unlink(temporaryPath);
                temporaryPath = null;
            }
        }

        return file;
    }

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        if (rename(temporaryPath!, path) != 0)
        {
            ThrowIfShort(Marshal.GetLastPInvokeError(), path);
            return false;
        }

        temporaryPath = null;
        return true;
    }

    /// <summary>False if the system refuses calls that may create this file, though it lets the process open the file.</summary>
    protected virtual bool MayCreate(string path) => true;

    /// <summary>Gives a new file the extended attributes and access lists of another file, and no more; false if that fails.</summary>
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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            temporaryPath = null;
            ThrowIfShort(exception.HResult, path);
            return null;
        }
    }

    private bool TryMakeAlike(SafeFileHandle file, SafeFileHandle old, UnixFile before)
    {
        UnixFile now = stat.Of(file);
        bool isOwned = (now.Owner == before.Owner && now.Group == before.Group) || fchown(file, before.Owner, before.Group) == 0;

        // The mode comes last, because a change of owner removes some of its bits.
        return isOwned && TryCopyAttributes(old, file) && fchmod(file, before.Permissions) == 0;
    }
}
