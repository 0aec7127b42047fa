using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.MacOS.MacCalls;

namespace NativeBuffers.Platform.MacOS;

/// <summary>File replacement on macOS: <c>fcopyfile</c> gives one file the attributes and access lists of another. Compiled, not run yet.</summary>
internal sealed class MacFiles(UnixStat stat) : UnixFiles(stat)
{
    protected override int LookFlags => O_NONBLOCK | O_CLOEXEC;

    protected override bool TryCopyAttributes(SafeFileHandle from, SafeFileHandle to) =>
        fcopyfile(from, to, 0, COPYFILE_ACL | COPYFILE_XATTR) == 0;
}
