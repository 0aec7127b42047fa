using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The header of a report. Records follow at <see cref="ByteCount"/>: first the samples, then all other blocks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GuardReportHeader
{
    /// <summary>The number of bytes before the first record; most are unused.</summary>
    public const int ByteCount = 4096;

    /// <summary>The first eight bytes: <c>NBGUARD2</c>; the last digit is the version of the layout.</summary>
    public const ulong Signature = 0x3244_5241_5547_424E;

    public ulong SignatureFound;
    public int RecordByteCount;
    public int ProcessId;
    public int SampleCount;

    /// <summary>The number of records of other blocks that the file has room for by now.</summary>
    public int MappingCount;

    /// <inheritdoc cref="NativeMemoryReport.UnguardedCount"/>
    public long UnguardedCount;

    /// <summary>When the process began to guard: ticks, UTC.</summary>
    public long StartedAt;

    /// <summary>Not 0 if <see cref="FaultAccess"/> has a meaning.</summary>
    public int KnowsAccess;

    private readonly int _padding;

    /// <summary>The last fault: four words, which <see cref="SystemFaults"/> explains. There was no fault while the address is 0.</summary>
    public ulong FaultAddress;
    public ulong FaultAccess;
    public ulong FaultInstruction;
    public ulong FaultSignal;

    /// <inheritdoc cref="NativeMemoryReport.Program"/>
    public GuardText Program;
}
