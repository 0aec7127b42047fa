using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Unix;
using static NativeBuffers.Platform.MacOS.MacCalls;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Asks macOS about a file: <c>stat</c>. Compiled, not run yet.</summary>
internal sealed class MacStat : UnixStat
{
    public override Facts? At(string path) => stat(path, out Stat facts) == 0 ? From(facts) : null;

    public override Facts Of(SafeFileHandle file) => fstat(file, out Stat facts) == 0
        ? From(facts)
        : throw SystemError.Of(Marshal.GetLastPInvokeError(), "An open file");

    private static Facts From(in Stat facts) => new(facts.Device, facts.Number, facts.Owner, facts.Group, facts.Mode, facts.NameCount);
}
