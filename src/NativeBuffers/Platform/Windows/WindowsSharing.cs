using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Windows;

/// <summary>Windows: named sections of the paging file, in the session's own names. Run under Wine, by hand; not on Windows yet.</summary>
/// <remarks>The system itself removes a name with its last handle. It tells nobody a section's size, so that stands at its front.</remarks>
internal sealed partial class WindowsSharing : SystemSharing
{
    private const uint PagesReadWrite = 0x04;
    private const uint ViewReadWrite = 0x0002 | 0x0004;
    private const int Taken = 183;

    /// <summary>What stands before the elements, in bytes: keeps them aligned to a cache line.</summary>
    private const int FrontByteCount = 64;

    public override SafeHandle? TryCreate(string name, nuint byteCount, ref PeerWait wait)
    {
        ulong whole = byteCount + FrontByteCount;
        SafeFileHandle section = CreateSection(-1, 0, PagesReadWrite, (uint)(whole >> 32), (uint)whole, NameOf(name));
        int error = Marshal.GetLastPInvokeError();
        if (section.IsInvalid || error == Taken)
        {
            section.Dispose();
            return error == Taken ? null : throw SystemFault.Of(error, $"The shared memory '{name}' could not be created");
        }

        unsafe
        {
            // SAFETY: the section has its front, and begins with zeros; whoever comes before this sees 0, and nothing to open.
            byte* front = Front(section, name);
            Volatile.Write(ref *(ulong*)front, byteCount + 1);
            _ = UnmapView(front);
        }

        return section;
    }

    public override SafeHandle? TryOpen(string name, out nuint byteCount)
    {
        byteCount = 0;
        SafeFileHandle section = OpenSection(ViewReadWrite, false, NameOf(name));
        int error = Marshal.GetLastPInvokeError();
        if (section.IsInvalid)
        {
            section.Dispose();
            return SystemFault.IsMissing(error) ? null : throw SystemFault.Of(error, $"The shared memory '{name}' could not be opened");
        }

        ulong noted;
        unsafe
        {
            // SAFETY: the section has its front.
            byte* front = Front(section, name);
            noted = Volatile.Read(ref *(ulong*)front);
            _ = UnmapView(front);
        }

        if (noted == 0)
        {
            section.Dispose();
            return null;
        }

        byteCount = (nuint)(noted - 1);
        return section;
    }

    public override unsafe void* Map(SafeHandle section, nuint byteCount)
    {
        byte* front = (byte*)MapView((SafeFileHandle)section, ViewReadWrite, 0, 0, byteCount + FrontByteCount);
        return front == null ? null : front + FrontByteCount;
    }

    /// <remarks>The system never cuts a section.</remarks>
    public override nuint ByteCountOf(SafeHandle section, nuint byteCount) => byteCount;

    public override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapView((byte*)start - FrontByteCount);

    public override void Leave(SafeHandle section, string name) => section.Dispose();

    private static string NameOf(string name) => $@"Local\{Prefix}{name}";

    private static unsafe byte* Front(SafeFileHandle section, string name)
    {
        void* front = MapView(section, ViewReadWrite, 0, 0, FrontByteCount);
        if (front == null)
        {
            int error = Marshal.GetLastPInvokeError();
            section.Dispose();
            throw SystemFault.Of(error, $"The shared memory '{name}' could not be mapped");
        }

        return (byte*)front;
    }

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateSection(
        nint file, nint security, uint protection, uint sizeHigh, uint sizeLow, string name);

    [LibraryImport("kernel32", EntryPoint = "OpenFileMappingW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle OpenSection(uint access, [MarshalAs(UnmanagedType.Bool)] bool isInherited, string name);

    [LibraryImport("kernel32", EntryPoint = "MapViewOfFile", SetLastError = true)]
    private static unsafe partial void* MapView(SafeFileHandle section, uint access, uint offsetHigh, uint offsetLow, nuint byteCount);

    [LibraryImport("kernel32", EntryPoint = "UnmapViewOfFile")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool UnmapView(void* start);
}
