using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Windows;

/// <summary>File replacement on Windows: a file that is open or mapped keeps its name, so no new file can take its place. Run by hand under Wine, not on Windows yet.</summary>
internal sealed class WindowsFiles : SystemFiles
{
    public override string? EndOf(string link) => new FileInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName;

    public override SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath)
    {
        temporaryPath = NameBeside(path);
        try
        {
            return File.OpenHandle(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, Everything);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            temporaryPath = null;
            ThrowIfShort(exception.HResult & 0xFFFF, path);
            return null;
        }
    }

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        try
        {
            File.Move(temporaryPath!, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw MayWrite(path)
                ? new IOException($"{path} is open or mapped, here or in another process. Windows does not replace such a file: close it first, or create one of another name.", exception)
                : new UnauthorizedAccessException($"{path} may not be replaced or written by this user. Change its permissions, or create a file of another name.", exception);
        }

        temporaryPath = null;
        return true;
    }

    /// <summary>True if this user may write a file, so that only its use prevents the write now.</summary>
    private static bool MayWrite(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, Everything).Dispose();
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
