using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>Windows: a file that is open or mapped keeps its name, so that no other can take its place. Run under Wine, by hand; not on Windows yet.</summary>
internal sealed class WindowsFiles : SystemFiles
{
    public override SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath)
    {
        temporaryPath = NameBeside(path);
        try
        {
            return File.OpenHandle(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, Everything);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            temporaryPath = null;
            return null;
        }
    }

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path)
    {
        try
        {
            File.Move(temporaryPath!, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw MayWrite(path)
                ? new IOException($"{path} is open or mapped, here or in another process. Windows replaces no such file: close it first, or create one of another name.", fault)
                : new UnauthorizedAccessException($"{path} is not this user's to replace, or may only be read.", fault);
        }

        temporaryPath = null;
        return true;
    }

    /// <summary>Whether only its use keeps a file from being written.</summary>
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
