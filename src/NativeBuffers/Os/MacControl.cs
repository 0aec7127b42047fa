using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>What <c>fcntl</c> does to a file on macOS: takes room on the disk, and empties the disk's own memory. Compiled, not run yet.</summary>
/// <remarks>
/// <c>fcntl</c> takes variable arguments. On Apple's Arm64 these are passed on the stack, where P/Invoke puts an argument only when all
/// eight registers are taken. So there six words of filling come before the argument. On Intel it is passed as any third argument.
/// </remarks>
internal static partial class MacControl
{
    private const int Preallocate = 42;
    private const int FullSync = 51;
    private const int NotATerminal = 25;
    private const int Invalid = 22;
    private const int NotSupported = 45;

    /// <summary>Takes room behind what the file has, all of it or none; the error number, or 0 also where the file system cannot promise room.</summary>
    public static int TakeRoom(SafeFileHandle file, long byteCount)
    {
        var room = new Room(byteCount);
        int result = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? ControlOnArm(file, Preallocate, 0, 0, 0, 0, 0, 0, ref room)
            : Control(file, Preallocate, ref room);
        int error = result == -1 ? Marshal.GetLastPInvokeError() : 0;
        return IsNotOffered(error) ? 0 : error;
    }

    /// <summary>Waits until the disk has written what it keeps in its own memory; the error number, or 0.</summary>
    public static int EmptyDiskCache(SafeFileHandle file)
    {
        int error = Control(file, FullSync) == -1 ? Marshal.GetLastPInvokeError() : 0;
        return !IsNotOffered(error) ? error : Synchronize(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Whether a file system says by this number that it has no such request, as those of the network do.</summary>
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
