using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.MacOS;

/// <summary>macOS: <c>fcopyfile</c> gives one file the attributes and access lists of another. Compiled, not run yet.</summary>
internal sealed partial class MacFiles : UnixFiles
{
    private const int WithoutWaiting = 0x4;
    private const int NotForChildren = 0x1000000;
    private const uint AccessListsAndAttributes = 0x1 | 0x4;

    protected override int LookFlags => WithoutWaiting | NotForChildren;

    protected override UnixFile? At(string path) => MacFile.At(path);

    protected override UnixFile Of(SafeFileHandle file) => MacFile.Of(file);

    protected override bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to) =>
        CopyFile(from, to, 0, AccessListsAndAttributes) == 0;

    [LibraryImport("libSystem", EntryPoint = "fcopyfile")]
    private static partial int CopyFile(SafeFileHandle from, SafeFileHandle to, nint state, uint flags);
}
