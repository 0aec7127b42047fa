using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.MacOS;

/// <summary>What <c>stat</c> tells of a file on macOS. Compiled, not run yet.</summary>
internal static partial class MacFile
{
    /// <summary>On Intel the plain names are those of calls with another structure.</summary>
    private static bool IsIntel { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Of what a path leads to; null when that cannot be told.</summary>
    public static UnixFile? At(string path) =>
        (IsIntel ? LookOnIntel(path, out Facts facts) : Look(path, out facts)) == 0 ? Of(facts) : null;

    /// <summary>Of an open file.</summary>
    public static UnixFile Of(SafeFileHandle file) =>
        (IsIntel ? LookAtOnIntel(file, out Facts facts) : LookAt(file, out facts)) == 0
            ? Of(facts)
            : throw SystemFault.Of(Marshal.GetLastPInvokeError(), "An open file");

    private static UnixFile Of(in Facts facts) => new(facts.Device, facts.Number, facts.Owner, facts.Group, facts.Mode, facts.NameCount);

    [LibraryImport("libSystem", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Look(string path, out Facts facts);

    [LibraryImport("libSystem", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LookOnIntel(string path, out Facts facts);

    [LibraryImport("libSystem", EntryPoint = "fstat", SetLastError = true)]
    private static partial int LookAt(SafeFileHandle file, out Facts facts);

    [LibraryImport("libSystem", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int LookAtOnIntel(SafeFileHandle file, out Facts facts);

    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct Facts
    {
        [FieldOffset(0)]
        public uint Device;

        [FieldOffset(4)]
        public ushort Mode;

        [FieldOffset(6)]
        public ushort NameCount;

        [FieldOffset(8)]
        public ulong Number;

        [FieldOffset(16)]
        public uint Owner;

        [FieldOffset(20)]
        public uint Group;
    }
}
