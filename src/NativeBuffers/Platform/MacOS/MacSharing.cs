using System.Text;
using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.MacOS.MacCalls;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Shared memory on macOS: files in the user's temporary folder, with a temporary name until they are complete. Compiled, not run yet.</summary>
internal sealed class MacSharing(UnixStat stat, SystemFiles files) : UnixSharing(stat, files)
{
    protected override string Folder { get; } = Path.GetTempPath();

    protected override int OpenFlags => O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;

    protected override SafeFileHandle CreateLocked(out string? temporaryPath)
    {
        // The call that creates the file also locks it. Otherwise another process might remove it as the file of a crashed process. The
        // name cannot be a section's, because names of sections have no control characters.
        byte[] template = Encoding.UTF8.GetBytes(Path.Combine(Folder, Prefix) + "\u0001XXXXXX\0");
        SafeFileHandle file = CreatedOrThrow(mkostemp(template, O_CLOEXEC | O_SHLOCK));
        temporaryPath = Encoding.UTF8.GetString(template.AsSpan(0, template.Length - 1));
        return file;
    }

    protected override bool TryLink(SafeFileHandle file, string? temporaryPath, string path) => link(temporaryPath!, path) == 0;
}
