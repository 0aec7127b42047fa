using Microsoft.Win32.SafeHandles;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Windows.WindowsCalls;

namespace NativeBuffers.Platform.Windows;

/// <summary>Mapped files on Windows: <c>CreateFileMapping</c> and <c>MapViewOfFile</c>. Run by hand under Wine, not on Windows yet.</summary>
/// <remarks>The system lets no file shrink while it is mapped. It takes no advice about the use of a file that is open.</remarks>
internal sealed class WindowsMaps : SystemMaps
{
    public override bool MustUnmapToCut => true;

    /// <remarks>On Windows, paths of pipes and devices are outside all folders. An open file without a length is refused later.</remarks>
    public override bool IsPlainFile(string path) => !Directory.Exists(path);

    public override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file")
    {
        // The view keeps the section alive, so its handle is closed here. Closing may change the error number.
        SafeFileHandle section = CreateFileMapping(file, 0, canWrite ? PAGE_READWRITE : PAGE_READONLY, 0, 0, null);
        int error = Marshal.GetLastPInvokeError();
        void* start = null;
        if (!section.IsInvalid)
        {
            start = MapViewOfFile(section, canWrite ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ, 0, 0, byteCount);
            error = Marshal.GetLastPInvokeError();
        }

        section.Dispose();
        return start != null || SystemError.IsLackOfMemory(error) ? start : throw SystemError.Of(error, $"{name} could not be mapped");
    }

    public override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        // Another program may have made the file longer already. Growing the mapping must not cut the file then.
        long lengthBefore = RandomAccess.GetLength(file);
        bool growsFile = (long)newByteCount > lengthBefore;
        if (growsFile)
        {
            SetLength(file, (long)newByteCount, name);
        }

        void* grown = null;
        try
        {
            grown = Map(file, newByteCount, canWrite: true, name);
        }
        finally
        {
            if (grown == null && growsFile)
            {
                CutBack(file, lengthBefore);
            }
        }

        if (grown != null)
        {
            Unmap(start, oldByteCount);
        }

        return grown;
    }

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

    public override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapViewOfFile(start);

    public override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name)
    {
        if (!FlushViewOfFile(start, byteCount))
        {
            throw SystemError.Of(Marshal.GetLastPInvokeError(), $"{name} could not be written to the disk");
        }

        RandomAccess.FlushToDisk(file);
    }

    public override unsafe void ExpectSequential(void* start, nuint byteCount)
    {
    }

    private static void CutBack(SafeFileHandle file, long byteCount)
    {
        try
        {
            RandomAccess.SetLength(file, byteCount);
        }
        catch (IOException)
        {
            // Another mapping already uses the longer file: the file stays longer, with zeros at its end.
        }
    }
}
