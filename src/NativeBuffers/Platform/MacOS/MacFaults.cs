using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.MacOS;

/// <summary>Fault notes on macOS: none. The runtime takes faults as messages of the kernel, before they become signals.</summary>
/// <remarks>The user gives the address to the report's reader: the system's crash report has it. Compiled, not run yet.</remarks>
internal sealed class MacFaults : SystemFaults
{
    public override bool KnowsAccess => false;

    /// <inheritdoc/>
    public override unsafe bool TryNote(ulong* place, FaultLine* line) => false;
}
