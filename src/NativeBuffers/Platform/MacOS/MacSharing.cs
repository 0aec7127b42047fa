using System.Text;
using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;

namespace NativeBuffers.Platform.MacOS;

/// <summary>macOS: files in the user's temporary folder, which have another name until they are whole. Compiled, not run yet.</summary>
internal sealed partial class MacSharing : UnixSharing
{
    private const int ReadWrite = 0x2;
    private const int WithoutWaiting = 0x4;
    private const int NotThroughLinks = 0x100;
    private const int NotForChildren = 0x1000000;
    private const int WithSharedLock = 0x10;
    private const int Taken = 17;

    protected override string Folder { get; } = Path.GetTempPath();

    protected override int OpenFlags => ReadWrite | WithoutWaiting | NotThroughLinks | NotForChildren;

    protected override SafeFileHandle CreateLocked(out string? temporaryPath)
    {
        // Locked as it is created, or else another process might take it for left behind. No section can be called so,
        // because names have no control characters.
        byte[] template = Encoding.UTF8.GetBytes(Path.Combine(Folder, Prefix) + "\u0001XXXXXX\0");
        SafeFileHandle file = Create(template, NotForChildren | WithSharedLock);
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            file.Dispose();
            throw SystemFault.Of(error, $"A file for shared memory could not be created in {Folder}");
        }

        temporaryPath = Encoding.UTF8.GetString(template.AsSpan(0, template.Length - 1));
        return file;
    }

    protected override bool TryName(SafeFileHandle file, string? temporaryPath, string path)
    {
        if (Link(temporaryPath!, path) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == Taken ? false : throw SystemFault.Of(error, $"Shared memory could not be named {path}");
    }

    protected override bool HasName(SafeFileHandle file, string path) => MacFile.At(path)?.Is(MacFile.Of(file)) == true;

    protected override bool IsMine(SafeFileHandle file) => MacFile.Of(file) is { IsPlain: true } found && found.Owner == User;

    [LibraryImport("libSystem", EntryPoint = "mkostemp", SetLastError = true)]
    private static partial SafeFileHandle Create([In, Out] byte[] template, int flags);

    [LibraryImport("libSystem", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string oldPath, string newPath);
}
