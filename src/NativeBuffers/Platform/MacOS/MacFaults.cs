using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.MacOS;

/// <summary>macOS: the runtime takes faults as messages of the kernel, before they become signals; so nothing is noted.</summary>
/// <remarks>The reader of a report is told the address by hand: it is in the system's crash report. Compiled, not run yet.</remarks>
internal sealed class MacFaults : SystemFaults
{
    public override bool KnowsAccess => false;

    public override unsafe bool TryNote(ulong* place, FaultLine* line) => false;
}
