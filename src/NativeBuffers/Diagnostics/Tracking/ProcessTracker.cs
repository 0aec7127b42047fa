using System.Numerics;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The blocks of all tracked allocators. Reports abandoned owners, and blocks that are live at the end of the process.</summary>
internal sealed class ProcessTracker : BlockTracker
{
    private ProcessTracker()
        : base((int)BitOperations.RoundUpToPowerOf2((uint)int.Clamp(Environment.ProcessorCount * 16, 64, 1024)))
    {
        if (InstrumentationSwitch.Tracking != TrackingMode.Off)
        {
            ProcessEnd.Do(ReportLive);
        }
    }

    /// <summary>Raised for each owner that was not disposed.</summary>
    public static event Action<NativeMemoryLeak>? LeakFound;

    public static ProcessTracker Instance { get; } = new();

    public override int CaptureStack() => InstrumentationSwitch.Tracking == TrackingMode.Stacks ? CallStack.Capture() : 0;

    public override void Count(long byteCount) => Peak.Add(byteCount);

    public NativeMemorySnapshot TakeSnapshot() => new(UsageTable.Of(Blocks.Copy()), Peak.ByteCount);

    public override void NoteAbandoned(in LiveBlocks.Record record)
    {
        try
        {
            NativeMemoryLeak leak = NativeMemoryLeak.From([record], isAbandoned: true)[0];
            DiagnosticEvent.Leak.Raise(leak.ToString);
            if (LeakFound is { } found)
            {
                found(leak);
            }
            else
            {
                StandardError.WriteLine($"NativeBuffers: {leak}");
            }
        }
        catch (Exception)
        {
            // A finalizer must not throw. Memory is exhausted, the error stream is closed, or a subscriber failed.
        }
    }

    private void ReportLive()
    {
        NativeMemorySnapshot snapshot = TakeSnapshot();
        if (snapshot.LiveBlocks != 0)
        {
            StandardError.WriteLine("NativeBuffers: at the end of the process, these are still alive:");
            StandardError.WriteLine(snapshot.ToText().TrimEnd());
        }
    }
}
