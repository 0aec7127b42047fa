using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>Windows: <c>CreateFileMapping</c> and <c>MapViewOfFile</c>. Compiled, not run yet.</summary>
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

    public override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite)
    {
        // The view keeps the section, so that its handle is needed no longer.
        using SafeFileHandle section = CreateSection(file, null, canWrite ? PagesReadWrite : PagesReadOnly, 0, 0, null);
        void* start = section.IsInvalid ? null : MapView(section, canWrite ? ViewRead | ViewWrite : ViewRead, 0, 0, byteCount);
        return start != null || SystemFault.IsLackOfMemory ? start : throw SystemFault.Last("A file could not be mapped");
    }

    public override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount)
    {
        if (newByteCount >= oldByteCount)
        {
            // If somebody has made the file longer than this, growing must not cut it.
            long lengthBefore = RandomAccess.GetLength(file);
            bool isLonger = (long)newByteCount > lengthBefore;
            if (isLonger)
            {
                SetLength(file, (long)newByteCount);
            }

            void* grown = null;
            try
            {
                grown = Map(file, newByteCount, canWrite: true);
            }
            finally
            {
                if (grown == null && isLonger)
                {
                    SetLength(file, lengthBefore);
                }
            }

            if (grown != null)
            {
                Unmap(start, oldByteCount);
            }

            return grown;
        }

        UnmapAndCut(file, start, oldByteCount, newByteCount);
        void* cut = Map(file, newByteCount, canWrite: true);
        if (cut == null)
        {
            Environment.FailFast("A file that has shrunk could not be mapped again.");
        }

        return cut;
    }

    public override unsafe void Empty(SafeFileHandle file, void* start, nuint byteCount) => UnmapAndCut(file, start, byteCount, 0);

    public override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapView(start);

    public override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount)
    {
        if (!FlushView(start, byteCount))
        {
            throw SystemFault.Last("A mapped file could not be written to the disk");
        }

        RandomAccess.FlushToDisk(file);
    }

    public override unsafe void ExpectSequential(void* start, nuint byteCount)
    {
    }

    private unsafe void UnmapAndCut(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount)
    {
        Unmap(start, oldByteCount);
        try
        {
            SetLength(file, (long)newByteCount);
        }
        catch
        {
            // Somebody else has it mapped. The caller goes on with the old mapping, at its old address.
            if (MapView(file, start, oldByteCount) != start)
            {
                Environment.FailFast("A file that could not shrink could not be mapped again.");
            }

            throw;
        }
    }

    private static unsafe void* MapView(SafeFileHandle file, void* at, nuint byteCount)
    {
        using SafeFileHandle section = CreateSection(file, null, PagesReadWrite, 0, 0, null);
        return section.IsInvalid ? null : MapViewAt(section, ViewRead | ViewWrite, 0, 0, byteCount, at);
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
