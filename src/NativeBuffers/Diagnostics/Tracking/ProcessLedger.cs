using System.Numerics;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>What all allocators tell that are tracked, for the whole process or by request.</summary>
internal sealed class ProcessLedger : Ledger
{
    private ProcessLedger()
        : base((int)BitOperations.RoundUpToPowerOf2((uint)int.Clamp(Environment.ProcessorCount * 16, 64, 1024)))
    {
    }

    public static ProcessLedger Instance { get; } = new();

    public override int CaptureStack() => InstrumentationSettings.Tracking == TrackingMode.Stacks ? CallStacks.Capture() : 0;

    public override void Count(long byteCount) => Peak.Add(byteCount);

    public override void FoundAbandoned(in BlockRecord record) => LeakReports.Tell(record);
}
