using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.Linux;

/// <summary>What <c>statx</c> tells of a file on Linux.</summary>
internal static partial class LinuxFile
{
    private const int CurrentFolder = -100;
    private const int TheHandleItself = 0x1000;
    private const uint BasicFacts = 0x7FF;

    /// <summary>Of what a path leads to; null when that cannot be told.</summary>
    public static UnixFile? At(string path) => Look(CurrentFolder, path, 0, BasicFacts, out Facts facts) == 0 ? Of(facts) : null;

    /// <summary>Of an open file.</summary>
    public static UnixFile Of(SafeFileHandle file) =>
        LookAt(file, "", TheHandleItself, BasicFacts, out Facts facts) == 0
            ? Of(facts)
            : throw SystemFault.Of(Marshal.GetLastPInvokeError(), "An open file");

    private static UnixFile Of(in Facts facts) => new(facts.Device, facts.Number, facts.Owner, facts.Group, facts.Mode, facts.NameCount);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Look(int folder, string path, int flags, uint mask, out Facts facts);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int LookAt(SafeFileHandle file, string path, int flags, uint mask, out Facts facts);

    /// <summary>The kernel's <c>struct statx</c>, the same on all processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Facts
    {
        [FieldOffset(16)]
        public uint NameCount;

        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Number;

        [FieldOffset(136)]
        public ulong Device;
    }
}
