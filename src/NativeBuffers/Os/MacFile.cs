using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>What <c>stat</c> tells of a file on macOS. Compiled, not run yet.</summary>
/// <param name="Number">The file's, whatever names it has.</param>
/// <param name="Owner">The number of its user.</param>
/// <param name="IsPlain">Whether it is neither a folder nor a pipe, a device, a socket.</param>
internal readonly partial record struct MacFile(ulong Number, uint Owner, bool IsPlain)
{
    private const ushort KindMask = 0xF000;
    private const ushort PlainKind = 0x8000;

    /// <summary>On Intel the plain names are those of calls with another structure.</summary>
    private static bool IsIntel { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Of what a path leads to; null when that cannot be told.</summary>
    public static MacFile? At(string path) =>
        (IsIntel ? LookOnIntel(path, out Facts facts) : Look(path, out facts)) == 0 ? Of(facts) : null;

    /// <summary>Of an open file.</summary>
    public static MacFile Of(SafeFileHandle file) =>
        (IsIntel ? LookAtOnIntel(file, out Facts facts) : LookAt(file, out facts)) == 0
            ? Of(facts)
            : throw SystemFault.Last("An open file");

    private static MacFile Of(in Facts facts) => new(facts.Number, facts.Owner, (facts.Mode & KindMask) == PlainKind);

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
        [FieldOffset(4)]
        public ushort Mode;

        [FieldOffset(8)]
        public ulong Number;

        [FieldOffset(16)]
        public uint Owner;
    }
}
