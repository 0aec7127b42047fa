using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Calls of <c>fcntl</c> on macOS: to take room on the disk, and to make the disk write its own cache. Compiled, not run yet.</summary>
/// <remarks>
/// <c>fcntl</c> takes variable arguments. On Apple's Arm64 these are passed on the stack. P/Invoke puts an argument there only when all
/// eight registers are taken, so six unused words come before the argument. On Intel the argument is passed as any third argument.
/// </remarks>
internal static partial class MacControl
{
    private const int Preallocate = 42;
    private const int FullSync = 51;
    private const int NotATerminal = 25;
    private const int Invalid = 22;
    private const int NotSupported = 45;

    /// <summary>Takes room on the disk after the end of a file, all of it or none. Returns the error number; 0 also where the file system cannot promise room.</summary>
    public static int TakeRoom(SafeFileHandle file, long byteCount)
    {
        var room = new Room(byteCount);
        int result = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? ControlOnArm(file, Preallocate, 0, 0, 0, 0, 0, 0, ref room)
            : Control(file, Preallocate, ref room);
        int error = result == -1 ? Marshal.GetLastPInvokeError() : 0;
        return IsNotOffered(error) ? 0 : error;
    }

    /// <summary>Waits until the disk has written its own cache. Returns the error number, or 0.</summary>
    public static int EmptyDiskCache(SafeFileHandle file)
    {
        int error = Control(file, FullSync) == -1 ? Marshal.GetLastPInvokeError() : 0;
        return !IsNotOffered(error) ? error : Synchronize(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Whether this error number means that the file system, for example on a network, does not offer the request.</summary>
    public static bool IsNotOffered(int error) => error is NotSupported or NotATerminal or Invalid;

    [LibraryImport("libSystem", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command);

    [LibraryImport("libSystem", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, ref Room room);

    [LibraryImport("libSystem", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlOnArm(
        SafeFileHandle file, int command, nint third, nint fourth, nint fifth, nint sixth, nint seventh, nint eighth, ref Room room);

    [LibraryImport("libSystem", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(SafeFileHandle file);

    /// <summary>The system's <c>fstore_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Room(long byteCount)
    {
        private const uint AllOrNothing = 0x4;
        private const int BehindTheEnd = 3;

        public uint Flags = AllOrNothing;
        public int Place = BehindTheEnd;
        public long Offset;
        public long ByteCount = byteCount;
        public long TakenByteCount;
    }
}
