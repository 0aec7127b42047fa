using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Windows.WindowsCalls;

namespace NativeBuffers.Platform.Windows;

/// <summary>Files on Windows: <c>CreateFileMapping</c> and <c>MapViewOfFile</c>. Run by hand under Wine, not on Windows yet.</summary>
/// <remarks>
/// The system lets no file shrink while it is mapped. It takes no advice about the use of a file that is open. A file that is open or mapped
/// keeps its name, so no new file can take its place.
/// </remarks>
internal sealed class WindowsFiles : SystemFiles
{
    public override bool MustUnmapToCut => true;

    /// <remarks>On Windows, paths of pipes and devices are outside all folders. An open file without a length is refused later.</remarks>
    public override bool IsPlainFile(string path) => !Directory.Exists(path);

    /// <inheritdoc/>
    public override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file", long offset = 0)
    {
        // The view keeps the section alive, so its handle is closed here. Closing may change the error number.
        SafeFileHandle section = CreateFileMapping(file, 0, canWrite ? PAGE_READWRITE : PAGE_READONLY, 0, 0, null);
        int error = Marshal.GetLastPInvokeError();
        void* start = null;
        if (!section.IsInvalid)
        {
            start = MapViewOfFile(section, canWrite ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ, (uint)(offset >> 32), (uint)offset, byteCount);
            error = Marshal.GetLastPInvokeError();
        }

        section.Dispose();
        return start != null || SystemError.IsLackOfMemory(error) ? start : throw SystemError.Of(error, $"{name} could not be mapped");
    }

    /// <inheritdoc/>
    public override unsafe bool TryMapAt(SafeFileHandle file, void* start, nuint byteCount)
    {
        using SafeFileHandle section = CreateFileMapping(file, 0, PAGE_READWRITE, 0, 0, null);
        return !section.IsInvalid && MapViewOfFileEx(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, byteCount, start) == start;
    }

    public override void SetLength(SafeFileHandle file, long byteCount, string name = "A file")
    {
        try
        {
            RandomAccess.SetLength(file, byteCount);
        }
        catch (IOException exception)
        {
            // The platform's message has the name under which the file was opened, which may be a temporary name.
            string why = SystemError.MessageOf(exception.HResult & 0xFFFF);
            throw new IOException($"{name} could not be made {byteCount:N0} bytes long: {why}.", exception);
        }
    }

    /// <inheritdoc/>
    public override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapViewOfFile(start);

    /// <inheritdoc/>
    public override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name)
    {
        if (!FlushViewOfFile(start, byteCount))
        {
            throw SystemError.Of(Marshal.GetLastPInvokeError(), $"{name} could not be written to the disk");
        }

        RandomAccess.FlushToDisk(file);
    }

    /// <inheritdoc/>
    public override unsafe void ExpectSequential(void* start, nuint byteCount)
    {
    }

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
                : new UnauthorizedAccessException(
                    $"{path} may not be replaced or written by this user. Change its permissions, or create a file of another name.",
                    exception);
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
