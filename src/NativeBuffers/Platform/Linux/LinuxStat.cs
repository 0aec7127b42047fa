using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.Linux.LinuxCalls;

namespace NativeBuffers.Platform.Linux;

/// <summary>Asks Linux about a file: <c>statx</c>.</summary>
internal sealed class LinuxStat : UnixStat
{
    public override Facts? At(string path) => statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, out Statx facts) == 0 ? From(facts) : null;

    public override Facts Of(SafeFileHandle file) => statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, out Statx facts) == 0
        ? From(facts)
        : throw SystemError.Of(Marshal.GetLastPInvokeError(), "An open file");

    private static Facts From(in Statx facts) => new(facts.Device, facts.Number, facts.Owner, facts.Group, facts.Mode, facts.NameCount);
}
