using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Windows.WindowsCalls;

namespace NativeBuffers.Platform.Windows;

/// <summary>Shared memory on Windows: named sections of the paging file, among the names of the session. Run by hand under Wine, not on Windows yet.</summary>
/// <remarks>The system removes a name with its last handle. It does not tell a section's size, so the section begins with it.</remarks>
internal sealed class WindowsSharing : SystemSharing
{
    /// <summary>The bytes before the elements. They keep the elements aligned to a cache line.</summary>
    private const int FrontByteCount = 64;

    public override SafeHandle? TryCreate(string name, nuint byteCount, ref PeerWait wait)
    {
        ulong whole = byteCount + FrontByteCount;
        SafeFileHandle section = CreateFileMapping(INVALID_HANDLE_VALUE, 0, PAGE_READWRITE, (uint)(whole >> 32), (uint)whole, NameOf(name));
        int error = Marshal.GetLastPInvokeError();
        if (section.IsInvalid || error == SystemError.ERROR_ALREADY_EXISTS)
        {
            section.Dispose();
            return error == SystemError.ERROR_ALREADY_EXISTS ? null : throw SystemError.Of(error, $"The shared memory '{name}' could not be created");
        }

        unsafe
        {
            // SAFETY: front is the first 64 bytes of the section, mapped until the unmapping below. They begin as zeros, so a process that
            // opens the section before the write reads 0, and does not use the section.
            byte* front = Front(section, name);
            Volatile.Write(ref *(ulong*)front, byteCount + 1);
            _ = UnmapViewOfFile(front);
        }

        return section;
    }

    public override SafeHandle? TryOpen(string name, out nuint byteCount)
    {
        byteCount = 0;
        SafeFileHandle section = OpenFileMapping(FILE_MAP_READ | FILE_MAP_WRITE, false, NameOf(name));
        int error = Marshal.GetLastPInvokeError();
        if (section.IsInvalid)
        {
            section.Dispose();
            return SystemError.IsMissing(error) ? null : throw SystemError.Of(error, $"The shared memory '{name}' could not be opened");
        }

        ulong noted;
        unsafe
        {
            // SAFETY: front is the first 64 bytes of the section, mapped until the unmapping below.
            byte* front = Front(section, name);
            noted = Volatile.Read(ref *(ulong*)front);
            _ = UnmapViewOfFile(front);
        }

        if (noted == 0)
        {
            section.Dispose();
            return null;
        }

        byteCount = (nuint)(noted - 1);
        return section;
    }

    /// <inheritdoc/>
    public override unsafe void* Map(SafeHandle section, nuint byteCount)
    {
        byte* front = (byte*)MapViewOfFile((SafeFileHandle)section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, byteCount + FrontByteCount);
        return front == null ? null : front + FrontByteCount;
    }

    /// <remarks>The system never cuts a section.</remarks>
    public override nuint ByteCountOf(SafeHandle section, nuint byteCount) => byteCount;

    /// <inheritdoc/>
    public override unsafe void Unmap(void* start, nuint byteCount) => _ = UnmapViewOfFile((byte*)start - FrontByteCount);

    public override void Leave(SafeHandle section, string name) => section.Dispose();

    private static string NameOf(string name) => $@"Local\{Prefix}{name}";

    /// <summary>Maps the first bytes of a section.</summary>
    /// <safety>The caller unmaps them.</safety>
    private static unsafe byte* Front(SafeFileHandle section, string name)
    {
        void* front = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, FrontByteCount);
        if (front == null)
        {
            int error = Marshal.GetLastPInvokeError();
            section.Dispose();
            throw SystemError.Of(error, $"The shared memory '{name}' could not be mapped");
        }

        return (byte*)front;
    }
}
