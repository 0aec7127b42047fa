using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Windows;

/// <summary>Windows: <c>CreateFileMapping</c> and <c>MapViewOfFile</c>. Run under Wine, by hand; not on Windows yet.</summary>
/// <remarks>
/// The system lets no file shrink while it is mapped. And there is nothing to say about how it will be read once it is open.
/// </remarks>
internal sealed partial class WindowsMaps : SystemMaps
{
    private const uint PagesReadOnly = 0x02;
    private const uint PagesReadWrite = 0x04;
    private const uint ViewRead = 0x0004;
    private const uint ViewWrite = 0x0002;

    /// <remarks>Pipes and devices are no paths of folders here; what is opened and has no length is refused then.</remarks>
    public override bool IsPlainFile(string path) => !Directory.Exists(path);

    public override bool MustUnmapToCut => true;

    public override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file")
    {
        // The view keeps the section alive, so its handle is closed here. To close it may change the error number.
        SafeFileHandle section = CreateSection(file, null, canWrite ? PagesReadWrite : PagesReadOnly, 0, 0, null);
        int error = Marshal.GetLastPInvokeError();
        void* start = null;
        if (!section.IsInvalid)
        {
            start = MapView(section, canWrite ? ViewRead | ViewWrite : ViewRead, 0, 0, byteCount);
            error = Marshal.GetLastPInvokeError();
        }

        section.Dispose();
        return start != null || SystemFault.IsLackOfMemory(error) ? start : throw SystemFault.Of(error, $"{name} could not be mapped");
    }

    public override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        // Another program may have made the file longer than this: growing must not cut it.
        long lengthBefore = RandomAccess.GetLength(file);
        bool isLonger = (long)newByteCount > lengthBefore;
        if (isLonger)
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
            if (grown == null && isLonger)
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
        using SafeFileHandle section = CreateSection(file, null, PagesReadWrite, 0, 0, null);
        return !section.IsInvalid && MapViewAt(section, ViewRead | ViewWrite, 0, 0, byteCount, start) == start;
    }

    public override void SetLength(SafeFileHandle file, long byteCount, string name = "A file")
    {
        try
        {
            RandomAccess.SetLength(file, byteCount);
        }
        catch (IOException fault)
        {
            // The platform's message has the name under which the file was opened, which may be a temporary name.
            string why = SystemFault.MessageOf(fault.HResult & 0xFFFF);
            throw new IOException($"{name} could not be made {byteCount:N0} bytes long: {why}.", fault);
        }
    }

    public override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapView(start);

    public override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name)
    {
        if (!FlushView(start, byteCount))
        {
            throw SystemFault.Of(Marshal.GetLastPInvokeError(), $"{name} could not be written to the disk");
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

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static unsafe partial SafeFileHandle CreateSection(
        SafeFileHandle file, void* security, uint protection, uint sizeHigh, uint sizeLow, string? name);

    [LibraryImport("kernel32", EntryPoint = "MapViewOfFile", SetLastError = true)]
    private static unsafe partial void* MapView(SafeFileHandle section, uint access, uint offsetHigh, uint offsetLow, nuint byteCount);

    [LibraryImport("kernel32", EntryPoint = "MapViewOfFileEx", SetLastError = true)]
    private static unsafe partial void* MapViewAt(
        SafeFileHandle section, uint access, uint offsetHigh, uint offsetLow, nuint byteCount, void* at);

    [LibraryImport("kernel32", EntryPoint = "UnmapViewOfFile")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool UnmapView(void* start);

    [LibraryImport("kernel32", EntryPoint = "FlushViewOfFile", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool FlushView(void* start, nuint byteCount);
}
