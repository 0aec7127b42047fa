using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Windows;

/// <summary>Calls and numbers of Windows, under their names in Win32.</summary>
/// <remarks>A failed call returns false, null or an invalid handle. <see cref="Marshal.GetLastPInvokeError"/> has the error number only if
/// the declaration sets it.</remarks>
/// <safety>
/// An address and a byte count name pages of this process, and a view's address comes from <see cref="MapViewOfFile"/>. No other code uses
/// pages while a call frees them, unmaps them, resets them, or makes them less accessible.
/// </safety>
[SuppressMessage("Style", "IDE1006", Justification = "The names are those of Win32.")]
internal static partial class WindowsCalls
{
    public const uint MEM_COMMIT = 0x1000, MEM_RESERVE = 0x2000, MEM_DECOMMIT = 0x4000, MEM_RELEASE = 0x8000, MEM_RESET = 0x80000;
    public const uint PAGE_NOACCESS = 0x01, PAGE_READONLY = 0x02, PAGE_READWRITE = 0x04, PAGE_EXECUTE_READ = 0x20;
    public const uint FILE_MAP_WRITE = 0x0002, FILE_MAP_READ = 0x0004;
    public const nint INVALID_HANDLE_VALUE = -1;

    [LibraryImport("kernel32")]
    public static unsafe partial void* VirtualAlloc(void* start, nuint byteCount, uint type, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static unsafe partial bool VirtualFree(void* start, nuint byteCount, uint type);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static unsafe partial bool VirtualProtect(void* start, nuint byteCount, uint protection, out uint before);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static unsafe partial bool VirtualLock(void* start, nuint byteCount);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static unsafe partial bool VirtualUnlock(void* start, nuint byteCount);

    [LibraryImport("kernel32")]
    public static partial nint GetProcessHeap();

    [LibraryImport("kernel32")]
    public static unsafe partial nuint HeapSize(nint heap, uint flags, void* block);

    [LibraryImport("ole32")]
    public static unsafe partial void* CoTaskMemRealloc(void* block, nuint byteCount);

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    public static partial SafeFileHandle CreateFileMapping(
        SafeFileHandle file, nint security, uint protection, uint sizeHigh, uint sizeLow, string? name);

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    public static partial SafeFileHandle CreateFileMapping(
        nint file, nint security, uint protection, uint sizeHigh, uint sizeLow, string name);

    [LibraryImport("kernel32", EntryPoint = "OpenFileMappingW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    public static partial SafeFileHandle OpenFileMapping(uint access, [MarshalAs(UnmanagedType.Bool)] bool isInherited, string name);

    [LibraryImport("kernel32", SetLastError = true)]
    public static unsafe partial void* MapViewOfFile(SafeFileHandle section, uint access, uint offsetHigh, uint offsetLow, nuint byteCount);

    [LibraryImport("kernel32", SetLastError = true)]
    public static unsafe partial void* MapViewOfFileEx(
        SafeFileHandle section, uint access, uint offsetHigh, uint offsetLow, nuint byteCount, void* at);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static unsafe partial bool UnmapViewOfFile(void* start);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static unsafe partial bool FlushViewOfFile(void* start, nuint byteCount);

    /// <safety>The handler's code is executable until the process ends.</safety>
    [LibraryImport("kernel32")]
    public static unsafe partial void* AddVectoredExceptionHandler(uint first, void* handler);
}
