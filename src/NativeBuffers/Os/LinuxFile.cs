using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>What <c>statx</c> tells of a file on Linux.</summary>
/// <param name="Number">The file's, whatever names it has.</param>
/// <param name="Owner">The number of its user.</param>
/// <param name="IsPlain">Whether it is neither a folder nor a pipe, a device, a socket.</param>
internal readonly partial record struct LinuxFile(ulong Number, uint Owner, bool IsPlain)
{
    private const int CurrentFolder = -100;
    private const int TheHandleItself = 0x1000;
    private const uint BasicFacts = 0x7FF;
    private const ushort KindMask = 0xF000;
    private const ushort PlainKind = 0x8000;

    /// <summary>Of what a path leads to; null when that cannot be told.</summary>
    public static LinuxFile? At(string path) => Look(CurrentFolder, path, 0, BasicFacts, out Facts facts) == 0 ? Of(facts) : null;

    /// <summary>Of an open file.</summary>
    public static LinuxFile Of(SafeFileHandle file) =>
        LookAt(file, "", TheHandleItself, BasicFacts, out Facts facts) == 0 ? Of(facts) : throw SystemFault.Last("An open file");

    private static LinuxFile Of(in Facts facts) => new(facts.Number, facts.Owner, (facts.Mode & KindMask) == PlainKind);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Look(int folder, string path, int flags, uint mask, out Facts facts);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int LookAt(SafeFileHandle file, string path, int flags, uint mask, out Facts facts);

    /// <summary>The kernel's <c>struct statx</c>, the same on all processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Facts
    {
        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Number;
    }
}
